"""A survey as a table that can be searched and sorted: itables' (DataTables), for large results in a notebook.

It is interactive, so it brings a script of its own and needs a notebook that is trusted; the card needs neither.
itables escapes nothing that looks like HTML by default, so every cell is made inert here first.
"""

from typing import TYPE_CHECKING, Any

from smtpnb.display import kit

if TYPE_CHECKING:
    from smtpnb.explore.results import Survey


def survey_table(survey: "Survey") -> Any:
    """An `ITable` or HTML object of itables over the survey's records.

    Raises:
        ImportError: itables or pandas is not installed.
    """
    frame = survey.df
    try:
        import itables  # noqa: PLC0415 - an extra
    except ImportError:
        raise ImportError("a sortable table needs itables: pip install 'smtpnb[survey]'; .df does not") from None
    inert = frame.map(lambda value: kit.inert(value) if isinstance(value, str) else value)
    return _Table(itables.to_html_datatable(inert, connected=False, allow_html=True, display_logo_when_loading=False))


class _Table:
    """What a notebook shows as HTML."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return "<SurveyTable, for a notebook>"
