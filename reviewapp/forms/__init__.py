"""What is typed on the pages, checked field by field before an action sees it."""
