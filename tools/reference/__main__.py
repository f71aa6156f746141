"""Write the derived pages of docs/reference: `make reference`."""

from __future__ import annotations

from tools.reference.pages import REFERENCE, make_pages

for name, text in make_pages().items():
    path = REFERENCE / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"wrote docs/reference/{name}")
