"""tokenrail and llama.cpp side by side on one machine, with the default model.

    python3 benches/llama_cpp.py [--threads 2] [--json]

Builds tokenrail's release program with cargo, and llama.cpp through the Python package
`llama-cpp-python` (compiled here, for this processor) in an environment under target/. Both run the
same GGUF file on as many threads, one after the other; of three rounds the best counts, and a ratio
above 1 says that tokenrail is so many times as good. `rss_mb` is peak memory, where less is better;
`batch_8` is eight sequences at once beside one.

`json_call` is in seconds, with both models loaded and the schema compiled, and says how many tokens each
wrote. tokenrail's time for `multiple_choice` is of a whole process, loading included; llama.cpp's begins
when its model is loaded.
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
CALL = ROOT / "benches" / "json_call"
SCHEMA = (CALL / "schema.json").read_text()
PROMPT = (CALL / "prompt.txt").read_text()
CALL_TOKENS = 96


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
    # Nothing of llama.cpp's is like it: there, the script is Python's.
    print(f"process start to first score: {ours['start']:.3f} s", file=sys.stderr)


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
        items = Path(folder) / "items.jsonl"
        lines = [{"prompt": item["ctx"], "choices": item["choices"]} for item in questions()]
        items.write_text("".join(json.dumps(line) + "\n" for line in lines))
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
    grammar = LlamaGrammar.from_json_schema(SCHEMA, verbose=False)
    answers = []

    def call():
        llama.reset()
        ask = lambda: llama.create_completion(
            PROMPT, grammar=grammar, max_tokens=CALL_TOKENS, temperature=0
        )
        return seconds(lambda: answers.append(ask()))

    taken = best(call)
    figures["json_call"] = {"seconds": taken, "tokens": answers[0]["usage"]["completion_tokens"]}
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
    table["decode_16"]["of_bandwidth"] = ours["decode_16"] / ours["decode_bound"]
    call, their_call = ours["json_call"], theirs["json_call"]
    table["json_call"] = {
        **faster(call["seconds"], their_call["seconds"]),
        "tokenrail_tokens": call["tokens"],
        "llama_cpp_tokens": their_call["tokens"],
    }
    choice, again = ours["multiple_choice"], theirs["multiple_choice_again"]
    table["multiple_choice"] = {
        **faster(choice, theirs["multiple_choice"]),
        "llama_cpp_prompt_again": again,
        "ratio_prompt_again": again / choice,
    }
    table["rss_mb"] = faster(ours["rss_mb"], theirs["rss_mb"])
    one, batch = ours["decode_16"], ours["batch_8"]
    table["batch_8"] = {"tokenrail": batch, "one_sequence": one, "ratio": batch / one}
    return table


def entry(ours, theirs, ratio):
    return {"tokenrail": ours, "llama_cpp": theirs, "ratio": ratio}


def faster(ours, theirs):
    """An entry of what is better when it is less."""
    return entry(ours, theirs, theirs / ours)


def show(table, is_json):
    if is_json:
        print(json.dumps(table))
        return
    for name, values in table.items():
        print(f"{name:24}", "  ".join(f"{key} {value:.4g}" for key, value in values.items()))


if __name__ == "__main__":
    main()
