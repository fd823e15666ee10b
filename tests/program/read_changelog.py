#!/usr/bin/python3
"""Reads an exported changelog with two readers of YAML that are not ours, and compares with the JSON export.

usage: read_changelog.py JSON FILE...     FILE: Markdown or YAML as `essctl ledger export` wrote it

PyYAML reads YAML 1.1, ruamel.yaml YAML 1.2. Exit 77: one of them is not installed.
"""
import json
import sys

try:
    import ruamel.yaml
    import yaml
except ImportError as error:
    print(error)
    sys.exit(77)


def documents(path):
    """The text of each entry: fenced blocks, or what is between the --- lines."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    fenced = any(line == "```yaml" for line in lines)
    inside, found = not fenced, []
    for line in lines:
        if fenced and line.startswith("```"):
            inside = line == "```yaml"
        elif inside and line == "---":
            found.append("---\n")
        elif inside and found:
            found[-1] += line + "\n"
    return [text for text in found if "\noperation_id: OPS-YYYY" not in text]


def strict(text):
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return reader.load(text)


READERS = {"PyYAML": yaml.safe_load, "libyaml": lambda text: yaml.load(text, yaml.CSafeLoader), "ruamel.yaml 1.2": strict}


def expected(operations):
    """What each document must be: operations in their order, each before its amendments."""
    for operation in operations:
        entry = {key: value for key, value in operation.items() if key not in ("comments", "amendments", "signoffs")}
        if entry["kind"] == "append":
            del entry["kind"]
        yield entry
        for amendment in operation.get("amendments", []):
            yield {"amends" if key == "operation_id" else key: value for key, value in amendment.items()}


def main(json_path, paths):
    with open(json_path, encoding="utf-8") as file:
        wanted = list(expected(json.load(file)))
    texts = [text for path in paths for text in documents(path)]
    faults = 0
    if len(texts) != len(wanted):
        print(f"{len(texts)} documents, {len(wanted)} expected")
        faults += 1
    for text, entry in zip(texts, wanted):
        for name, read in READERS.items():
            try:
                got = read(text)
            except Exception as error:  # whatever a reader says is to be told
                got = error
            if got != entry:
                print(f"{name} read {got!r}\nfrom\n{text}\nnot {entry!r}")
                faults += 1
    print(f"{len(texts)} documents, {len(READERS)} readers, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
