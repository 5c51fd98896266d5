import json
from dataclasses import dataclass, field


@dataclass
class Shelf:
    """A shelf with jars."""

    name: str
    jars: list = field(default_factory=list)

    def add(self, jar, count=1):
        if count <= 0:
            raise ValueError("no jars")
        for _ in range(count):
            self.jars.append({"jar": jar, "full": True})
        return len(self.jars)

    @property
    def full(self):
        return [jar for jar in self.jars if jar["full"]]


def read(path, *, strict=False):
    try:
        with open(path) as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        if strict:
            raise
        print("cannot read", path, error)
        data = {}
    else:
        data["path"] = path
    return sorted(data.items(), key=lambda item: (item[0], str(item[1])))


LIMITS = {"lines": 100, "words": (1, 2, 3)}
