"""tokenrail and llama.cpp side by side on one machine, with the default model.

    python3 benches/llama_cpp.py [--threads 2] [--json]

Builds tokenrail's release program with cargo, and llama.cpp through the Python package
`llama-cpp-python` (compiled here, for this processor) in an environment under target/. Both run the
same GGUF file on as many threads, one after the other; of three rounds the best counts, and a ratio
above 1 says that tokenrail is so many times as fast. `rss_mb` is peak memory, where less is better.

tokenrail's times for `json_call` and `multiple_choice` are of whole processes, loading included;
llama.cpp's begin when its model is loaded.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "llama-cpp"
PACKAGE = "llama-cpp-python"
ROUNDS = 3
WRITTEN = 48
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 24},
        "age": {"type": "integer"},
        "city": {"type": "string", "maxLength": 24},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 3},
    },
    "required": ["name", "age", "city", "tags"],
    "additionalProperties": False,
}
PROMPT = (
    "Read the note and write it as JSON. Ada Lovelace is 36 years old and lives in London, where "
    "she works on the analytical engine. She likes mathematics, music and long letters to friends."
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        print(json.dumps(llama_cpp(Path(args.peer), args.threads)))
        return
    program = build()
    model = run([program, "model", "get"]).stdout.strip()
    ours = tokenrail(program, args.threads)
    python = environment()
    peer = [python, __file__, "--threads", str(args.threads), "--peer", model]
    theirs = json.loads(run(peer).stdout.strip().splitlines()[-1])
    show(compared(ours, theirs), args.json)


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    return str(ROOT / "target" / "release" / "tokenrail")


def environment():
    """A Python that has llama.cpp, made once."""
    python = PLACE / "bin" / "python"
    if not (PLACE / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
        (PLACE / "whole").touch()
    return str(python)


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done


def timed(command):
    """The best time of a process in seconds, and its peak memory in MB."""
    best, peak = float("inf"), 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        best = min(best, time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss / 1024)
        if status != 0:
            sys.exit(f"{command} ended with status {status}")
    return best, peak


def tokenrail(program, threads):
    flags = ["--threads", str(threads)]
    figures = json.loads(run([program, "bench", "model", "--json", *flags]).stdout)
    with tempfile.TemporaryDirectory() as folder:
        schema, items = Path(folder) / "schema.json", Path(folder) / "items.jsonl"
        schema.write_text(json.dumps(SCHEMA))
        lines = [{"prompt": item["ctx"], "choices": item["choices"]} for item in questions()]
        items.write_text("".join(json.dumps(line) + "\n" for line in lines))
        generate = [program, "generate", "--schema", str(schema), "--max-tokens", "64", PROMPT]
        figures["json_call"], _ = timed([*generate, *flags])
        score = [program, "score", "--items", str(items), "--json", *flags]
        figures["multiple_choice"], figures["rss_mb"] = timed(score)
        figures["start"], _ = timed([program, "score", "The sky is", " blue", " green", *flags])
    return figures


def questions():
    """Fifty questions of four choices: those beside the checkout, or as many made here."""
    file = ROOT.parent / "shared" / "data" / "eval" / "reference_mc.jsonl"
    if file.exists():
        items = [json.loads(line) for line in file.read_text().splitlines()]
        items = [item for item in items if len(item["choices"]) == 4]
    else:
        cities = ["Paris", "Rome", "Oslo", "Cairo", "Lima", "Quito", "Delhi", "Tokyo"]
        items = [
            {
                "ctx": f"Question {at}: Which city lies furthest to the north of all these?\nAnswer:",
                "choices": [f" {cities[(at + choice) % 8]}, of course." for choice in range(4)],
            }
            for at in range(50)
        ]
    return (items * 50)[:50]


def llama_cpp(model, threads):
    """The same work by llama.cpp, in this process."""
    # This file has the package's name, and its folder comes first.
    sys.path.pop(0)
    from llama_cpp import Llama, LlamaGrammar

    options = {"n_threads": threads, "n_threads_batch": threads, "verbose": False}
    llama = Llama(str(model), n_ctx=8192, n_batch=512, logits_all=False, **options)
    size = llama.n_vocab()
    tokens = [at * 7919 % size for at in range(5000)]
    figures = {}

    def best(work):
        return min(work() for _ in range(ROUNDS))

    def seconds(work):
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    def writing(context):
        llama.reset()
        llama.eval(tokens[:context])

        def write():
            for token in tokens[:WRITTEN]:
                llama.eval([token])

        return seconds(write)

    for context in (16, 512, 4096):
        figures[f"decode_{context}"] = WRITTEN / best(lambda: writing(context))

    def prompt():
        llama.reset()
        return seconds(lambda: llama.eval(tokens[:512]))

    figures["prompt_512"] = 512 / best(prompt)
    grammar = LlamaGrammar.from_json_schema(json.dumps(SCHEMA), verbose=False)

    def call():
        llama.reset()
        ask = lambda: llama.create_completion(
            PROMPT, grammar=grammar, max_tokens=64, temperature=0
        )
        return seconds(ask)

    figures["json_call"] = best(call)
    del llama
    scorer = Llama(str(model), n_ctx=1024, n_batch=512, logits_all=True, **options)

    def choose():
        for item in questions():
            scorer.reset()
            context = scorer.tokenize(item["ctx"].encode(), add_bos=False)
            scorer.eval(context)
            for choice in item["choices"]:
                # What was read of the prompt stays: eval forgets all behind `n_tokens`.
                scorer.n_tokens = len(context)
                scorer.eval(scorer.tokenize(choice.encode(), add_bos=False))

    def choose_again():
        for item in questions():
            for choice in item["choices"]:
                scorer.reset()
                scorer.eval(scorer.tokenize((item["ctx"] + choice).encode(), add_bos=False))

    figures["multiple_choice"] = best(lambda: seconds(choose))
    figures["multiple_choice_again"] = seconds(choose_again)
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    figures["rss_mb"] = int(peak.split()[1]) / 1024
    return figures


def compared(ours, theirs):
    table = {}
    for name in ("decode_16", "decode_512", "decode_4096", "prompt_512"):
        table[name] = entry(ours[name], theirs[name], ours[name] / theirs[name])
    for name in ("json_call", "multiple_choice"):
        table[name] = entry(ours[name], theirs[name], theirs[name] / ours[name])
    again = theirs["multiple_choice_again"]
    table["multiple_choice_again"] = entry(
        ours["multiple_choice"], again, again / ours["multiple_choice"]
    )
    table["rss_mb"] = entry(ours["rss_mb"], theirs["rss_mb"], theirs["rss_mb"] / ours["rss_mb"])
    one, batch = ours["decode_16"], ours["batch_8"]
    table["batch_8"] = {"tokenrail": batch, "one_sequence": one, "ratio": batch / one}
    table["start_seconds"] = {"tokenrail": ours["start"]}
    table["bandwidth"] = {
        "tokenrail": ours["decode_16"] * ours["weight_bytes"],
        "machine": ours["bandwidth"],
        "ratio": ours["decode_16"] / ours["decode_bound"],
    }
    return table


def entry(ours, theirs, ratio):
    return {"tokenrail": ours, "llama_cpp": theirs, "ratio": ratio}


def show(table, is_json):
    if is_json:
        print(json.dumps(table))
        return
    for name, values in table.items():
        print(f"{name:24}", "  ".join(f"{key} {value:.4g}" for key, value in values.items()))


if __name__ == "__main__":
    main()
