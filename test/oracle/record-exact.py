"""Replaces `exact` in recorded/NAME.json: the likelihoods of its `score` ids where no activation is rounded.

See exact.py for what it needs.
Usage: python record-exact.py NAME MODEL.gguf
"""

import json
import pathlib
import sys

import exact
import numpy as np

name, path = sys.argv[1:]
file = pathlib.Path(__file__).parent / 'recorded' / f'{name}.json'
recorded = json.loads(file.read_text())
ids = recorded['score']['ids']
rows = exact.log_probabilities(exact.load(path, n_ctx=2304), ids[:-1])
recorded['exact'] = [round(float(x), 5) for x in -rows[np.arange(len(ids) - 1), ids[1:]]]
file.write_text(json.dumps(recorded, ensure_ascii=False, separators=(',', ':')).replace('},{', '},\n{') + '\n')
