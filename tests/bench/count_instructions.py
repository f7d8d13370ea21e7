#!/usr/bin/env python3
"""Counts instructions per multiply-add in the inner loops of the ARM microkernels.

Usage: count_instructions.py [BUILD_DIR]     (default build/aarch64)

An emulator says nothing about time, but instructions are what a processor issues. For the
largest tile of each kind and number of vectors, the loop with the most products is counted
from the disassembly: the products; loads; other instructions, of which those that spill sums
to the stack are a fault.
"""
import collections
import pathlib
import re
import subprocess
import sys

PRODUCTS = {"fmla": 4, "sdot": 16, "usmmla": 32, "bfmmla": 16}  # multiply-adds each
FILES = {"tiles_neon.c.o": "float32", "tiles_dotprod.c.o": "int8, dotprod",
         "tiles_i8mm.c.o": "int8, i8mm", "tiles_bf16.c.o": "bf16"}

Loop = collections.namedtuple("Loop", "products macs loads stack other")


def disassemble(path):
    """Yields (function, [(address, mnemonic, operands)])."""
    text = subprocess.run(["aarch64-linux-gnu-objdump", "--disassemble", "--no-show-raw-insn", path],
                          check=True, capture_output=True, text=True).stdout
    for block in re.split(r"\n(?=[0-9a-f]{16} <)", text):
        head = re.match(r"[0-9a-f]{16} <(\w+)>:", block)
        if head:
            lines = re.findall(r"^\s+([0-9a-f]+):\s+(\S+)[ \t]*(.*)$", block, re.M)
            yield head[1], [(int(at, 16), name, rest) for at, name, rest in lines]


def count(body):
    products = [name for _, name, _ in body if name in PRODUCTS]
    memory = [rest for _, name, rest in body if re.match(r"ld|st", name)]
    stack = sum("[sp" in rest for rest in memory)
    loads = len(memory) - stack
    return Loop(len(products), sum(PRODUCTS[name] for name in products), loads, stack,
                len(body) - len(products) - loads - stack)


def inner_loop(code):
    """The loop without branches within it that has the most products."""
    index_of = {at: index for index, (at, _, _) in enumerate(code)}
    best, after_branch = Loop(0, 0, 0, 0, 0), 0
    for index, (at, name, rest) in enumerate(code):
        if not re.fullmatch(r"b|b\..*|bl|br|cbn?z|tbn?z|ret", name):
            continue
        target = re.search(r"\b([0-9a-f]+) <", rest)
        begin = index_of.get(int(target[1], 16)) if target else None
        if begin is not None and after_branch <= begin < index:
            best = max(best, count(code[begin:index + 1]), key=lambda loop: loop.products)
        after_branch = index + 1
    return best


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/aarch64")
    folder = build / "nn/CMakeFiles/nn.dir/kernels/arm"
    print(f"{'precision':14} {'tile':22} {'products':>8} {'loads':>6} {'stack':>6} {'other':>6}"
          f" {'products of all':>16} {'multiply-adds per instruction':>30}")
    for file, precision in FILES.items():
        largest = {}
        for function, code in disassemble(folder / file):
            name = re.fullmatch(r"([a-z0-9]+)_(\d)_(\d+)", function)
            if name:
                key, pixels = (name[1], int(name[2])), int(name[3])
                if pixels > largest.get(key, (0, None))[0]:
                    largest[key] = (pixels, code)
        if not largest:
            sys.exit(f"{folder / file}: must hold microkernels, got none")
        for (kind, vectors), (pixels, code) in sorted(largest.items()):
            loop = inner_loop(code)
            total = loop.products + loop.loads + loop.stack + loop.other
            tile = f"{kind}, {pixels} x {4 * vectors}"
            print(f"{precision:14} {tile:22} {loop.products:8} {loop.loads:6} {loop.stack:6}"
                  f" {loop.other:6} {100 * loop.products / max(total, 1):14.0f} %"
                  f" {loop.macs / max(total, 1):30.2f}")


if __name__ == "__main__":
    main()
