"""Words for people, on the page and in the terminal."""
import html


def shown(value):
    """Numbers as one reads them."""
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value) or "none"
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def failures(run):
    return [check for check in run["checks"] if not check["passed"]]


def both(en, zh):
    """English and Chinese, of which the page shows one."""
    return f'<span class="en">{html.escape(en)}</span><span class="zh" lang="zh">{html.escape(zh)}</span>'


def fold(summary, inside):
    return f"<details><summary>{summary}</summary>{inside}</details>"
