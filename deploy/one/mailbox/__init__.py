"""A mailbox to look at: catches every mail sent to its SMTP port, delivers none, shows them on a page and by an API.

For one machine and for tests. `GET /email` answers in the shape of maildev, which many test suites already read.
"""
