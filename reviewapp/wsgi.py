import gc
import os
import sys
from importlib import import_module

import django
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

django.setup()
import_module("reviewapp.staticfiles").collect()
application = get_wsgi_application()
# All that a request needs, before the server forks: its workers then share the memory.
import_module("reviewapp.urls")
gc.freeze()
# A request waits for PostgreSQL a dozen times, and each time for its turn to go on: behind one that
# lays out a page, 5 ms by Python's default.
sys.setswitchinterval(0.0005)
