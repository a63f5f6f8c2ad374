#!/usr/bin/env bash
# Makes .venv: the hashed lock, then the project itself. Uses uv where it can be had, else plain pip.
# An index or a folder of wheels is the business of pip's and uv's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, …).
set -euo pipefail
cd "$(dirname "$0")/.."

python_found() {
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "需要 Python 3.11 至 3.13（apt install python3 python3-venv），或用 PYTHON=… 指定 · Python 3.11 to 3.13 is needed; install it or name it with PYTHON=…" >&2
  return 1
}

python=$(python_found)
if uv --version >/dev/null 2>&1; then
  uv venv --quiet --allow-existing --python "$python" .venv
  export VIRTUAL_ENV="$PWD/.venv"
  uv pip sync --quiet --require-hashes requirements.lock
  uv pip install --quiet --no-deps --editable .
else
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
fi
