"""Texts whose token ids are compared with the reference: code in many languages, scripts, spaces, look-alikes.

Texts are bytes, since some are deliberately no valid UTF-8. Sequences beyond U+10FFFF are left out: the reference
aborts the process on them. Run as a program it prints how many there are.
"""

CODE = [
    'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\n\nprint([fib(i) for i in range(10)])\n',
    '# -*- coding: utf-8 -*-\nclass Café:\n\t"""Ünïcödé docstring"""\n\tdef __init__(self, *, naïve: bool = True) -> None:\n\t\tself.naïve = naïve\n',
    'const add = (a, b) => a + b; // TODO: don\'t overflow\nexport default async function* gen() { yield* [1, 2n, 0xFF, 1e-9]; }\n',
    'interface Props<T extends object = {}> {\n  readonly items?: ReadonlyArray<T>;\n  onClick(e: MouseEvent): void;\n}\n',
    '#include <stdio.h>\n#define MAX(a,b) ((a)>(b)?(a):(b))\nint main(void) {\r\n\tprintf("%d\\n", MAX(1,2));\r\n\treturn 0;\r\n}\r\n',
    'template <typename T, size_t N>\nconstexpr auto sum(const std::array<T, N>& a) noexcept -> T {\n  return std::accumulate(a.begin(), a.end(), T{});\n}\n',
    'fn main() {\n    let v: Vec<_> = (0..10).map(|x| x * x).filter(|x| x % 2 == 0).collect();\n    println!("{v:?} {}", v.len());\n}\n',
    'package main\n\nimport "fmt"\n\nfunc main() {\n\tch := make(chan int, 3)\n\tgo func() { defer close(ch); for i := range 3 { ch <- i } }()\n\tfor v := range ch { fmt.Println(v) }\n}\n',
    'public final class Main {\n    public static void main(String[] args) {\n        System.out.println(String.format("%08.3f", Math.PI));\n    }\n}\n',
    'SELECT u.id, COUNT(*) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.created_at >= \'2024-01-01\' GROUP BY 1 HAVING COUNT(*) > 5 ORDER BY n DESC;\n',
    '#!/usr/bin/env bash\nset -euo pipefail\nfor f in *.txt; do\n  sed -i \'s/foo/bar/g\' "$f" && echo "${f%.txt}: $(wc -l < "$f")"\ndone\n',
    '<!DOCTYPE html>\n<html lang="de"><head><style>a:hover{color:#FF00aa}</style></head><body>&nbsp;&#x1F600;</body></html>\n',
    '{"name": "x", "deps": {"a": "^1.2.3", "b": null}, "arr": [1, 2.5e10, -0.0, true], "s": "\\u00e9\\n\\t\\"q\\""}',
    'main :: IO ()\nmain = mapM_ print $ takeWhile (<100) primes where primes = sieve [2..]; sieve (p:xs) = p : sieve [x | x <- xs, x `mod` p /= 0]\n',
    'class Foo\n  attr_reader :bar\n  def initialize(bar:) = @bar = bar\n  def <=>(o) = bar <=> o.bar\nend\nputs "#{Foo.new(bar: 3).bar}"\n',
    'fun main() { val m = mapOf("a" to 1, "b" to 2); m.forEach { (k, v) -> println("$k=$v") } }\n',
    '\\documentclass{article}\\begin{document}$\\int_0^\\infty e^{-x^2}\\,dx=\\frac{\\sqrt{\\pi}}{2}$\\end{document}',
    'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-old\n+new\n context\n',
    'FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends g++ \\\n    && rm -rf /var/lib/apt/lists/*\n',
    'on:\n  push:\n    branches: [main]\njobs:\n  test:\n    runs-on: ${{ matrix.os }}\n    steps:\n      - uses: actions/checkout@v4\n',
]
PROSE = [
    'The quick brown fox jumps over the lazy dog.', "I'm sure they've seen what we'll do; it's not what he'd said, you're RIGHT: I'M, WE'VE, THEY'LL, IT'S.",
    'A "quoted" text -- with dashes, an ellipsis... and (parentheses) [brackets] {braces}.', 'Hello,world!No spaces.After punctuation?Yes;ok:fine',
    'camelCaseIdentifier snake_case_name SCREAMING_SNAKE kebab-case-name PascalCase2Go', 'e.g. i.e. etc. Mr. Smith paid $1,234.56 (10% off) at 9:30pm.',
    'https://example.com/path?query=1&b=%20x#frag user@example.org', 'naïve café résumé Zoë Müller straße ŒUVRE œuvre ﬁ ligature',
    "l'été d'où qu'il n'est pas aujourd'hui", 'Wörter mit Umlauten: Äpfel, Öl, Übung, Maß, Größe.', 'El niño comió una piñata ¿verdad? ¡Sí!',
    'Pchnąć w tę łódź jeża lub ośm skrzyń fig.', 'Příliš žluťoučký kůň úpěl ďábelské ódy.', 'Árvíztűrő tükörfúrógép', 'Pijamalı hasta yağız şoföre çabucak güvendi. İIıi',
    'Съешь ещё этих мягких французских булок, да выпей чаю.', 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.', 'Ինչպես եք։', 'გამარჯობა მსოფლიო',
]
SCRIPTS = [
    '你好，世界！今天天气很好。我们去公园吧？', '人工智能正在改变世界，123个例子。', '日本語のテキスト：ひらがな、カタカナ、漢字を混ぜて書きます。', 'ﾊﾝｶｸｶﾅ と 全角ＡＢＣ１２３',
    '한국어 문장입니다. 안녕하세요! 각갂가', 'مرحبا بالعالم، كيف حالك اليوم؟ ١٢٣٤', 'اَلْعَرَبِيَّةُ مَعَ تَشْكِيلٍ', 'שלום עולם, מה שלומך? 12:30', 'नमस्ते दुनिया, आप कैसे हैं? १२३', 'สวัสดีชาวโลก วันนี้เป็นอย่างไรบ้าง ๑๒๓',
    'வணக்கம் உலகம்', 'হ্যালো বিশ্ব ১২৩', 'ሰላም ልዑል', 'ខ្ញុំស្រលាញ់អ្នក', 'မင်္ဂလာပါ', 'བོད་ཡིག', '𝕳𝖊𝖑𝖑𝖔 𝟙𝟚𝟛 𐍈 𓀀', 'a\u0301e\u0308o\u0302 combining z̷͓͙a̸l̴g̵o̶', 'mixed混合текстنصx', '٣٫١٤ ½ ⅔ Ⅳ ² ³ ①',
]
EMOJI = [
    '😀😁😂🤣', '👩‍👩‍👧‍👦 family', '👍🏽 skin tone 🧑🏿‍🚀', '🏳️‍🌈 🏴‍☠️ flags 🇩🇪🇫🇷🇯🇵', '❤️ vs ❤ ☎︎ ☎️', 'text😀no spaces😀 text', '🫠🫡🫢 new', '1️⃣2️⃣#️⃣*️⃣', '\u200d\u200c\u200b zero\u2060width\ufeff', '✓ ✗ → ⇒ ∀x∈ℝ ∃y: x≤y ≈ ∞ ∑∏√',
    '│┌─┐└┘█▓▒░', '¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻',
]
SPACES = [
    '', ' ', '  ', '   ', '\n', '\n\n', '\n\n\n', '\t', '\t\t', ' \n', '\n ', ' \n \n  \n', '\r\n', '\r\n\r\n', '\r', 'a  b   c    d', '    indented', '\tindented', '  \tmixed \t indent', 'trailing   ', 'trailing\n', 'trailing \n\n', 'a\u00a0b', 'a\u3000b　c', 'a\u2003\u2009b', 'a\u2028b\u2029c', 'x\u0085y', 'a\x0bb\x0cc', ' a', '  a', '   a', '\n a', '\n  a', 'a\n\n\nb', 'a \n b', 'a\t\tb', '                                                                                a', '\n' * 17 + 'x', ' ' * 33 + '\n' + ' ' * 5, '\u1680x\u180ey',
]
NUMBERS = [
    '0', '1', '12', '123', '1234', '12345', '1234567890', '3.14159', '-1', '+1', '1,000,000', '1_000', '0x1F', '1e10', '10.0.0.1', '2024-01-01T12:34:56Z', ' 5', '  5', '   42', 'a1b2c3', '1a2b3c', '12 34  56', '१२३', '１２３', '٣', '½1', 'x²+y²', '1st 2nd 3rd', 'v1.2.3-rc4', '0b1010 0o17',
]
SPECIAL = [
    '<|im_start|>user\nhi<|im_end|>\n', '<|endoftext|>', 'a<|endoftext|>b', '<|im_start|>', '<|im_start |>', '<|im_start|', '<|IM_START|>', ' <|im_end|> ', '<|im_start|><|im_start|>', '<|fim_prefix|>def f(<|fim_suffix|>)<|fim_middle|>', '<tool_call>{"name": "x"}</tool_call>', '<s></s><unk>', '[INST] hi [/INST]', '<|eot_id|>', '<|repo_name|>x<|file_sep|>y', '<jupyter_start>', '<filename>', '<|fim_pad|>', '<||im_start||>', '<|im_start|>\u200b',
    '<reponame>a', '<issue_comment>', '<empty_output>', '<gh_stars>0',
]
PUNCTUATION = [
    '!!!', '...', '....', '?!?!', '()', '(())', '[]{}', '->', '=>', '===', '!==', '<<=', '**kwargs', '&&', '||', '::', '//', '/* */', '--', '---', '----------', '==========', '#', '##', '###', '```python\n', '````', "'", "''", "'''", '"', '"""', "'s", "'S", "'re", "'RE", "'x", "' s", "don't", "DON'T", "o'clock", "rock'n'roll", '’s', '$', '$$', '€100', '100%', '@user', '#tag', '^^', '~', '\\n', '\\', '`x`', ';;', ',,', '.,;', '—', '–', '…', '«»', '„“', '·', '\x00', '\x01\x02', '\x7f', 'a\x00b', '\x1b[31mred\x1b[0m',
]
INVALID = [b'\xff', b'\xfe\xff', b'a\x80b', b'\xc3', b'\xc3(', b'\xe2\x82', b'\xe2\x82x', b'\xf0\x9f\x98', b'ok \xf0\x9f\x98\x80 \x80\x80 end', b'\xed\xa0\x80', b'\xc0\xaf', b'\xf8\x88\x80\x80\x80', b'latin1: caf\xe9', b'\x80' * 9, b'\xef\xbf\xbd\xff', b'\xe4\xbd\xa0\xe5\xa5', b'x\xccy']
JOINED = [a + b for a, b in zip(CODE, reversed(PROSE + SCRIPTS[:1]))] + [' '.join(EMOJI), '\n'.join(SCRIPTS), ''.join(CODE), 'word ' * 50, 'ab' * 200, 'a' * 300, '.' * 100, '_' * 65, '=' * 33 + '\n', 'é' * 60, '的' * 40, '\u0e01' * 30]


def all_texts():
    """The list of bytes; its order is part of the recording."""
    texts = [t.encode('utf-8', 'surrogatepass') for t in CODE + PROSE + SCRIPTS + EMOJI + SPACES + NUMBERS + SPECIAL + PUNCTUATION + JOINED]
    return texts + INVALID


if __name__ == '__main__':
    print(len(all_texts()))
