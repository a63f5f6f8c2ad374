"""Style and keyboard behaviour of the form.

ipywidgets sets no attribute of its own on its controls, and JupyterLab takes keys pressed on a check box, a
list or a button as its own shortcuts (``b`` inserts a cell) unless the control carries
``data-lm-suppress-shortcuts``; a listener sets it on each control of the form when it gets the focus.
"""

from __future__ import annotations

__all__ = ["KEYS", "STYLE"]

STYLE = """<style>
.weipian-case { max-width: 900px; }
.weipian-case .widget-checkbox { width: auto; margin-right: 18px; }
.weipian-case .widget-checkbox .widget-label-basic { white-space: normal; line-height: 1.5; }
.weipian-case .widget-label { white-space: normal; line-height: 1.4; text-align: left; }
.weipian-case .weipian-legend { font-weight: 600; }
.weipian-case .weipian-group { padding: 4px 0; }
.weipian-case .weipian-paper { border: 1px solid #b5b5b5; border-radius: 4px;
  padding: 6px 10px; margin: 4px 0; }
.weipian-case .widget-html-content { line-height: 1.6; }
.weipian-case table { border-collapse: collapse; font-size: 90%; margin: 4px 0; }
.weipian-case td, .weipian-case th { border: 1px solid #ccc; padding: 3px 8px; text-align: left;
  vertical-align: top; white-space: normal; }
.weipian-case summary { cursor: pointer; font-weight: 600; }
.weipian-case .good, .weipian-case .bad, .weipian-case .note { border-left: 5px solid; padding: 4px 12px; }
.weipian-case .good { border-color: #0072B2; background: #eaf3fa; color: #111; }
.weipian-case .bad { border-color: #D55E00; background: #fdf0e7; color: #111; }
.weipian-case .note { border-color: #767676; background: #f3f3f3; color: #111; }
.weipian-case .weipian-file { display: inline-block; padding: 0 14px; line-height: 28px;
  border: 1px solid #767676; border-radius: 3px; background: #f3f3f3; color: #0b57a4; text-decoration: none; }
.weipian-case td:first-child, .weipian-case th { white-space: nowrap; }
.weipian-case.weipian-case.weipian-case :focus-visible,
.weipian-case.weipian-case.weipian-case input[type=date]:focus-within {
  outline: 3px solid #D55E00 !important; outline-offset: 1px; }
</style>"""
"""Colours that colour-blind readers tell apart; the focus is always seen (ipywidgets hides it with force)."""

KEYS = """
if (!window.weipianKeys) {
  window.weipianKeys = true;
  document.addEventListener('focusin', event => {
    const control = event.target;
    if (!control.closest || !control.closest('.weipian-case')) return;
    control.setAttribute('data-lm-suppress-shortcuts', 'true');
    const group = control.closest('.weipian-group');
    if (group && !group.hasAttribute('role')) {
      group.setAttribute('role', 'group');
      group.setAttribute('aria-label', group.querySelector('.weipian-legend')?.textContent ?? '');
    }
  }, true);
  // the focus may move on while enter is still held: its release is not meant for the next control
  let pressedOn = null;
  for (const kind of ['keydown', 'keypress', 'keyup']) document.addEventListener(kind, event => {
    if (kind === 'keydown' && !event.repeat) pressedOn = event.target;
    const moved = event.target !== pressedOn && event.target.closest?.('.weipian-case');
    if (moved && ['Enter', ' '].includes(event.key)) event.preventDefault();
  }, true);
}
"""
"""Script shown once with the form."""
