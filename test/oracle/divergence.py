"""Reference for native/tests/divergence_test.cc: the definitions in plain Python, on the same made-up logits.

Prints for each case nll, base_nll and kld. Nothing but the standard library, and sums that lose no digits.
"""

import math
import struct

MASK = (1 << 64) - 1


def floats(seed, count, scale):
    """Random of native/tests/random.h, in single precision as there."""
    single = lambda x: struct.unpack('f', struct.pack('f', x))[0]
    state = (seed * 2 + 1) & MASK
    out = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        uniform = single(single(single(single((state >> 33)) / 2147483648.0) * 2) - 1)
        out.append(single(uniform * single(scale)))
    return out


def log_softmax(logits):
    peak = max(logits)
    norm = peak + math.log(math.fsum(math.exp(x - peak) for x in logits))
    return [x - norm for x in logits]


def divergence(base, logits, token):
    p, q = log_softmax(base), log_softmax(logits)
    kld = math.fsum(math.exp(a) * (a - b) for a, b in zip(p, q) if a > -16)
    return -q[token], -p[token], kld


if __name__ == '__main__':
    for seed, count, scale in ((1, 151, 1), (2, 151, 12), (3, 5000, 30)):
        base, logits = floats(seed, count, scale), floats(seed + 100, count, scale)
        print('{%d, %d, %d, %.10f, %.10f, %.10f},' % (seed, count, scale, *divergence(base, logits, seed * 40)))
