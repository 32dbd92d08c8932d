"""The log and the bell: PostgreSQL keeps events and deliveries, Redis only says that there is work.

publish(session, *events)   write events and their deliveries in the caller's transaction (publish.py)
Bell                        after the commit, one Celery message a service, coalesced (bell.py)
deliver(post, ids)          lock, handle in bulk, mark done in one transaction (deliver.py)
sweep(post)                 ring again for what was not answered (sweep.py)
celery_app(...)             the tasks a worker runs and beat wakes (worker.py)
dead letters                what failed for good: see, mend, replay (deadletters.py)
"""
