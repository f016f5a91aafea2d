"""The desk: what a reviewer is shown, and what a judgement may say."""
