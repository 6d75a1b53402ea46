"""Random templates and what Jinja makes of them, as Transformers sets it up: python3 jinja_fuzz.py COUNT SEED > cases.json

Needs jinja2 and transformers. Writes {"variables": …, "templates": […], "rendered": […]}; a text is null where Jinja
refuses the template. bench/jinja.ts reads it and compares.
"""

import copy
import json
import random
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

VARIABLES = {
    "messages": [
        {"role": "system", "content": " Be brief.\n"},
        {"role": "user", "content": "Hi <b>\n there"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1.5, "y": [True, None]}}}]},
        {"role": "tool", "content": "[1, 2]", "name": "f"},
    ],
    "tools": [{"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": ["number", "null"]}}}}],
    "s": "a\tb  Cé😀 d\n", "n": None, "t": True, "f": False, "i": 7, "z": 0, "m": -3, "x": 2.5, "l": [3, 1, 2],
    "ls": ["b", "A", "c"], "d": {"b": 1, "a": [1, "q'"], "items": 2}, "e": "", "ll": [[1, 2], ["a"], []],
}
NAMES = list(VARIABLES) + ["nope", "v", "w", "message", "loop", "ns"]
ATTRIBUTES = ["role", "content", "name", "a", "b", "items", "x", "index", "first", "last", "upper", "nope", "0", "length", "tool_calls"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
FILTERS = [
    "upper", "lower", "trim", "length", "count", "list", "first", "last", "join(',')", "join", "sort", "unique|list", "string", "int", "float",
    "abs", "round", "round(1)", "tojson", "tojson(indent=2)", "e", "title", "capitalize", "default('D')", "d('D', true)", "reverse|list", "min",
    "max", "sum", "map('upper')|list", "map(attribute='role')|list", "selectattr('role', 'equalto', 'user')|list", "select|list", "items|list",
    "rejectattr('content')|list", "dictsort", "replace('a', 'b')", "indent", "indent(2, true)", "wordcount", "batch(2)|list", "slice(2)|list",
    "truncate(5)", "center(9)", "groupby('role')|list", "map('length')|list", "select('string')|list", "urlencode", "format(1, 'a')", "pprint",
    "striptags", "wordwrap(4)", "reject('none')|list", "map('default', 1)|list", "safe", "tojson(sort_keys=true)", "filesizeformat", "forceescape",
]
TESTS = [
    "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "iterable", "sequence", "odd", "even",
    "true", "false", "divisibleby(2)", "in [1, 'a', none]", "eq 1", "ne none", "lower", "upper", "callable", "sameas true", "lt 3", "escaped",
]
METHODS = [
    "strip()", "lstrip('\\n ')", "rstrip()", "split()", "split(' ', 1)", "rsplit('a', 1)", "upper()", "title()", "replace('a', '-', 1)",
    "startswith('a')", "endswith(('a', '\\n'))", "items()", "keys()|list", "values()|list", "get('a')", "get('q', 5)", "join(ls)", "format(1, i)",
    "splitlines()", "find('b')", "count('a')", "index(1)", "copy()", "partition(' ')", "zfill(6)", "isalpha()", "capitalize()", "append(1)", "pop()",
    "center(8, '*')", "removeprefix('a')", "swapcase()", "update({})", "isdigit()",
]
LITERALS = [
    "1", "0", "2.5", "-1", "'a'", "'x y'", "''", "'%s-%d'", "'{}{:>4}'", "none", "true", "false", "[]", "[1, 2]", "(1, 'a')", "{}", "{'a': 1, 'b': [2]}",
    "10", "1e3", "'\\n'", "range(3)", "namespace(a=1)", "dict(a=1)", "()", "3",
]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, values):
        return self.random.choice(values)

    def expression(self, depth=3):
        kind = self.random.random()
        if depth <= 0 or kind < 0.2:
            return self.pick(LITERALS) if self.random.random() < 0.4 else self.pick(NAMES)
        inner = lambda: self.expression(depth - 1)
        if kind < 0.32:
            return f"{inner()} {self.pick(BINARY)} {inner()}"
        if kind < 0.38:
            return f"({inner()} {self.pick(BINARY)} {inner()})"
        if kind < 0.56:
            return f"{inner()}|{self.pick(FILTERS)}"
        if kind < 0.64:
            return f"{inner()} is {self.pick(['', 'not '])}{self.pick(TESTS)}"
        if kind < 0.74:
            return f"{self.pick(NAMES)}.{self.pick(ATTRIBUTES)}"
        if kind < 0.84:
            return f"{inner()}.{self.pick(METHODS)}"
        if kind < 0.90:
            return f"{self.pick(NAMES)}[{self.pick(['0', '-1', '1:', ':-1', '::-1', '1', ':2', '-2:', repr(self.pick(ATTRIBUTES)), inner()])}]"
        if kind < 0.93:
            return f"{inner()} if {inner()} else {inner()}"
        if kind < 0.95:
            return f"not {inner()}"
        if kind < 0.97:
            return f"[{inner()}, {inner()}]"
        return f"-{inner()}"

    def sound(self, depth=3):
        """Mostly an expression that has a value."""
        for _ in range(8):
            expression = self.expression(depth)
            if self.random.random() < 0.05 or rendered("{{ " + expression + " }}") is not None:
                return expression
        return self.pick(NAMES)

    def tag(self, text):
        return "{%" + self.pick(["", "", "", "-", "+"]) + " " + text + " " + self.pick(["", "", "", "-"]) + "%}"

    def text(self):
        return self.pick(["", "", " ", "\n", "  \n", "a", "\n  ", "b\n", "{ }", "  c  ", "\r\n", "<|im_start|>", "{# c #}\n"])

    def statement(self, depth):
        kind = self.random.random()
        body = lambda: self.body(depth - 1)
        if depth <= 0 or kind < 0.45:
            return "{{" + self.pick(["", "", "-"]) + " " + self.sound() + " " + self.pick(["", "", "-"]) + "}}"
        if kind < 0.58:
            otherwise = self.tag("elif " + self.sound()) + body() if self.random.random() < 0.3 else ""
            otherwise += self.tag("else") + body() if self.random.random() < 0.5 else ""
            return self.tag("if " + self.sound()) + body() + otherwise + self.tag("endif")
        if kind < 0.72:
            head = self.pick(["v in ", "message in ", "v, w in ", "v in "])
            over = self.pick(["messages", "l", "ls", "d.items()", "d", self.expression(), "messages[1:]", "ll"])
            test = " if " + self.expression(1) if self.random.random() < 0.2 else ""
            control = self.tag(self.pick(["break", "continue"])) if self.random.random() < 0.1 else ""
            otherwise = self.tag("else") + body() if self.random.random() < 0.2 else ""
            return self.tag("for " + head + over + test) + body() + control + body() + otherwise + self.tag("endfor")
        if kind < 0.84:
            target = self.pick(["v", "w", "s", "v, w", "ns.a", "ns"])
            value = "namespace(a=0)" if target == "ns" else self.sound()
            return self.tag(f"set {target} = {value}")
        if kind < 0.88:
            return self.tag("set v" + self.pick(["", " | upper"])) + body() + self.tag("endset")
        if kind < 0.92:
            call = self.pick(["mm()", "mm(1)", "mm(i, w=s)", "mm(1, 2, 3)"])
            return self.tag("macro mm(v, w=1)") + body() + self.tag("endmacro") + "{{ " + call + " }}"
        if kind < 0.94:
            return self.tag("macro mm(v)") + "<{{ caller() }}>" + self.tag("endmacro") + self.tag("call mm(2)") + body() + self.tag("endcall")
        if kind < 0.96:
            return self.tag("filter " + self.pick(["upper", "trim", "indent(1)", "replace('a', '-')"])) + body() + self.tag("endfilter")
        if kind < 0.98:
            return self.tag("with w = " + self.sound()) + body() + self.tag("endwith")
        return self.pick([self.tag("generation") + body() + self.tag("endgeneration"), "{% raw %}{{ x }}" + self.text() + "{% endraw %}"])

    def body(self, depth):
        return "".join(self.text() + self.statement(depth) for _ in range(self.random.randint(1, 2))) + self.text()


def rendered(template):
    try:
        text = _compile_jinja_template(template).render(**copy.deepcopy(VARIABLES))
        text.encode("utf-8")
        return text
    except RecursionError:
        raise
    except Exception:
        return None


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    generator = Generator(seed)
    templates = []
    while len(templates) < count:
        templates.append(generator.body(generator.pick([0, 0, 1, 2, 3])))
    texts = [rendered(template) for template in templates]
    # Addresses of objects are never the same twice.
    kept = [(template, text) for template, text in zip(templates, texts) if text is None or " at 0x" not in text]
    json.dump({"variables": VARIABLES, "templates": [case[0] for case in kept], "rendered": [case[1] for case in kept]}, sys.stdout)


if __name__ == "__main__":
    main()
