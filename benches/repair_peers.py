"""tokenrail's repair, json_repair and jsonrepair side by side, on the same files.

    python3 benches/repair_peers.py [--bytes 1000000] [--json]

Installs `json_repair` (pip) and `jsonrepair` (npm) in an environment under target/, and builds
tokenrail's bench `repair`. Each engine repairs each file in its own process, warmed up, and the best of
its rounds counts. A ratio is how many times as fast tokenrail is.

The files are records with one kind of damage each, all over the file. json_repair takes time that
grows with the square of some of them, so it gets the first tenth of each and one round.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "repair-peers"
PYTHON_PEER, NODE_PEER = "json_repair==0.64.6", "jsonrepair@3.15.0"

RECORD = '{"id": %d, "name": "Ann \\"Lee\\" Smith", "tags": ["a", "b, c"], "ok": true, "score": 4.50, "home": {"city": "Oslo", "zip": null}}'
DAMAGE = {
    "valid": lambda text: text,
    "trailing commas": lambda text: text.replace("]", ",]").replace("}}", ",}}"),
    "missing commas": lambda text: text.replace('", "tags"', '" "tags"'),
    "single quotes": lambda text: text.replace('"Oslo"', "'Oslo'"),
    "bare names": lambda text: text.replace('"score"', "score"),
    "comments": lambda text: text.replace('"ok"', '/* it is */ "ok"'),
    "python": lambda text: text.replace("true", "True").replace("null", "None"),
}

NODE = """
import { jsonrepair } from 'jsonrepair';
import { readFileSync } from 'node:fs';
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8');
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    jsonrepair(text);
    best = Math.min(best, performance.now() - start);
  }
  console.log(JSON.stringify({ file, milliseconds: best }));
}
"""

PYTHON = """
import json, sys, time
import json_repair
for file in sys.argv[1:]:
    text = open(file).read()
    start = time.perf_counter()
    json_repair.repair_json(text)
    print(json.dumps({"file": file, "milliseconds": (time.perf_counter() - start) * 1e3}), flush=True)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        whole = write(Path(folder), args.bytes)
        tenth = write(Path(folder) / "tenth", args.bytes // 10)
        bench = ["cargo", "bench", "--quiet", "--bench", "repair", "--"]
        ours = times([*bench, *whole.values(), *tenth.values()], ROOT)
        node = times(["node", "peer.mjs", *whole.values()], PLACE)
        peer = times([python, "-c", PYTHON, *tenth.values()], PLACE)
    rows = []
    for name, file in whole.items():
        row = {"file": name, "ours_ms": ours[file], "jsonrepair_ms": node[file]}
        row["jsonrepair_ratio"] = node[file] / ours[file]
        row["json_repair_tenth_ms"] = peer[tenth[name]]
        row["json_repair_ratio"] = peer[tenth[name]] / ours[tenth[name]]
        rows.append(row)
    show(rows, args.json)


def environment():
    """A Python and a folder of Node that have the peers, made once."""
    python = PLACE / "bin" / "python"
    if not (PLACE / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PYTHON_PEER], check=True)
        subprocess.run(["npm", "install", "--silent", NODE_PEER], cwd=PLACE, check=True)
        (PLACE / "whole").touch()
    (PLACE / "peer.mjs").write_text(NODE)
    return str(python)


def write(folder, size):
    """The files of each damage, of about as many bytes."""
    folder.mkdir(exist_ok=True)
    count = size // len(RECORD % 10_000)
    text = "[" + ",\n".join(RECORD % index for index in range(count)) + "]"
    files = {}
    for name, damage in DAMAGE.items():
        file = folder / f"{name.replace(' ', '_')}.json"
        file.write_text(damage(text))
        files[name] = str(file)
    return files


def times(command, folder):
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["file"]: line["milliseconds"] for line in lines}


def show(rows, as_json):
    for row in rows:
        if as_json:
            print(json.dumps(row))
            continue
        print(
            f"{row['file']:16} {row['ours_ms']:8.1f} ms  jsonrepair {row['jsonrepair_ratio']:6.1f}x"
            f"  json_repair {row['json_repair_ratio']:7.1f}x"
        )


if __name__ == "__main__":
    main()
