"""Records what Jinja makes of jinja_cases.py, set up as Hugging Face's `transformers` sets it up for chat templates.
   python3 test/oracle/record-jinja.py > test/oracle/jinja.json
"""
import json
import sys

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jinja_cases import CASES, MESSAGES


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def render(template):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    values = {"messages": MESSAGES, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    try:
        return {"template": template, "text": environment.from_string(template).render(**values)}
    except Exception as error:  # any failure is a result
        return {"template": template, "error": type(error).__name__}


json.dump({"jinja": jinja2.__version__, "messages": MESSAGES, "cases": [render(one) for one in CASES]}, sys.stdout, indent=1)
print()
