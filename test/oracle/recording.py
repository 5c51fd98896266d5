"""The files in recorded/, one for each model."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / 'recorded'


def read(name):
    return json.loads((FOLDER / f'{name}.json').read_text())


def write(name, recorded):
    """On lines that a diff can show."""
    text = json.dumps(recorded, ensure_ascii=False, separators=(',', ':')).replace('},{', '},\n{')
    (FOLDER / f'{name}.json').write_text(text + '\n')
