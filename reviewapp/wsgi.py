import gc
import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

application = get_wsgi_application()
# All that a request needs, before the server forks: its workers then share the memory.
import_module("reviewapp.urls")
gc.freeze()
