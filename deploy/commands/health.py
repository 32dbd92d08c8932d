"""`madoguchi health`: what the console's first page says."""

from __future__ import annotations

from itertools import chain

from deploy.commands.access import environment, setting
from deploy.commands.doctor import JsonOption, show
from deploy.commands.options import HomeOption
from shared.environment import setting as from_outside


def health(home: HomeOption = None, *, as_json: JsonOption = False) -> None:
    """Show how each part is, and for what is not well what to do. Ends with 1 if something is to be done."""
    from deploy.checkup import signs

    setting("MADOGUCHI_OPERATOR_DATABASE_URL", home)  # ends here where nothing runs
    known = environment(home)

    def get(variable: str) -> str:
        return known.get(variable) or from_outside(variable)

    show(chain(signs.in_database(get), signs.around(get)), as_json=as_json)
