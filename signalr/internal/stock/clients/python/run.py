"""Runs cases with the stock Python client and prints a JSON line for each.

python run.py BASE-URL TRANSPORT ENCODING CASE...
"""

import asyncio
import json
import sys

from cases import CASES
from cell import Cell

# PATIENCE bounds one case, in seconds.
PATIENCE = 20


def report(line):
    print(json.dumps(line), flush=True)


async def run(cell, name):
    try:
        await asyncio.wait_for(CASES[name](cell), PATIENCE)
    except TimeoutError:
        return {"case": name, "error": f"nothing within {PATIENCE} s"}
    except Exception as error:  # whatever it is, it is the case's result
        return {"case": name, "error": f"{type(error).__name__}: {error}"}
    return {"case": name, "ok": True}


async def main(base, transport, encoding, *names):
    for name in names:
        if transport != "WebSockets" or name not in CASES:
            report({"case": name, "missing": True})
            continue
        cell = Cell(base, encoding, report)
        result = await run(cell, name)
        await cell.close()
        report(result)


asyncio.run(main(*sys.argv[1:]))
