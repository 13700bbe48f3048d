"""From text to operands: the grammar of SQL92 subscriptions, read by Lark.

It is upstream's SelectorParser.jj: tokens are cut as its lexer cuts them (the longest
one wins, reserved words in any case), and operators bind as there. Lark is imported
with this module, and this module with the first such subscription.
"""

from collections.abc import Iterable
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from twistedmq.filter.sql import comparisons as compared
from twistedmq.filter.sql import operands
from twistedmq.filter.sql.errors import SqlError
from twistedmq.filter.sql.operands import Operand

GRAMMAR: Final = r"""
start: or
?or: and | or OR and -> joined
?and: equality | and AND equality -> joined
?equality: comparison
    | equality EQUAL comparison -> equal
    | equality UNEQUAL comparison -> unequal
    | equality IS NULL -> is_null
    | equality IS NOT NULL -> is_not_null
?comparison: unary
    | comparison (GREATER | GREATER_EQUAL | LESS | LESS_EQUAL) unary -> ordering
    | comparison (CONTAINS | STARTSWITH | ENDSWITH) STRING -> test
    | comparison NOT (CONTAINS | STARTSWITH | ENDSWITH) STRING -> not_test
    | comparison BETWEEN unary AND unary -> between
    | comparison NOT BETWEEN unary AND unary -> not_between
    | comparison IN texts -> is_in
    | comparison NOT IN texts -> is_not_in
?unary: primary | PLUS unary -> plus | MINUS unary -> minus | NOT unary -> negation
?primary: STRING -> string | INTEGER -> integer | DOUBLE -> double
    | TRUE -> true | FALSE -> false | NULL -> null | NAME -> name
    | OPEN or CLOSE -> inner
texts: OPEN STRING (COMMA STRING)* CLOSE

EQUAL: "="
UNEQUAL: "<>"
GREATER: ">"
GREATER_EQUAL: ">="
LESS: "<"
LESS_EQUAL: "<="
OPEN: "("
CLOSE: ")"
COMMA: ","
PLUS: "+"
MINUS: "-"
STRING: /'(?:''|[^'])*'/
DOUBLE.2: /[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?/
    | /[0-9]+[eE][+-]?[0-9]+/
INTEGER.1: /[1-9][0-9]*[lL]?|0/
NAME: /[a-zA-Z_$][a-zA-Z0-9_$]*/

BLANK: /[ \t\n\r\f]+/
LINE_COMMENT.3: /--[^\n\r]*(?:\r\n|\n|\r)/
BLOCK_COMMENT.3: /\/\*[^*]*\*(?:\*|[^*\/][^*]*\*)*\//
%ignore BLANK
%ignore LINE_COMMENT
%ignore BLOCK_COMMENT
"""

RESERVED: Final = (
    "NOT", "AND", "OR", "BETWEEN", "IN", "TRUE", "FALSE", "NULL", "IS",
    "CONTAINS", "STARTSWITH", "ENDSWITH",
)  # fmt: skip
"""Words that name no property, in any case."""

_SHOWN: Final = {
    "EQUAL": "'='", "UNEQUAL": "'<>'", "GREATER": "'>'", "GREATER_EQUAL": "'>='",
    "LESS": "'<'", "LESS_EQUAL": "'<='", "OPEN": "'('", "CLOSE": "')'",
    "COMMA": "','", "PLUS": "'+'", "MINUS": "'-'", "STRING": "a text in ''",
    "DOUBLE": "a number", "INTEGER": "a number", "NAME": "a property",
    "$END": "the end",
}  # fmt: skip
_OPERATORS: Final = frozenset({"EQUAL", "UNEQUAL", "GREATER", "LESS", "IN", "BETWEEN"})
_VALUES: Final = frozenset({"STRING", "INTEGER", "NAME", "OPEN", "NOT"})


def _text_of(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _at(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos


@v_args(inline=True)
class _Building(Transformer[Token, Operand]):
    """Makes the operand of each rule as soon as it is read."""

    def start(self, whole: Operand) -> Operand:
        return operands.as_condition(whole, 0)

    def joined(self, left: Operand, word: Token, right: Operand) -> Operand:
        return operands.joined(word.type, left, right, _at(word))

    def equal(self, left: Operand, sign: Token, right: Operand) -> Operand:
        return compared.equality(left, right, _at(sign))

    def unequal(self, left: Operand, sign: Token, right: Operand) -> Operand:
        return compared.inequality(left, right, _at(sign))

    def is_null(self, left: Operand, word: Token, _: Token) -> Operand:
        return compared.is_null(left, _at(word))

    def is_not_null(self, left: Operand, word: Token, *_: Token) -> Operand:
        return compared.is_not_null(left, _at(word))

    def ordering(self, left: Operand, sign: Token, right: Operand) -> Operand:
        return compared.ordering(str(sign), left, right, _at(sign))

    def test(self, left: Operand, word: Token, text: Token) -> Operand:
        return compared.text_test(
            word.type, left, _text_of(text), _at(word), wanted=True
        )

    def not_test(self, left: Operand, _: Token, word: Token, text: Token) -> Operand:
        return compared.text_test(
            word.type, left, _text_of(text), _at(word), wanted=False
        )

    def between(
        self, value: Operand, word: Token, low: Operand, _: Token, high: Operand
    ) -> Operand:
        return compared.between(value, low, high, _at(word))

    def not_between(
        self,
        value: Operand,
        word: Token,
        _: Token,
        low: Operand,
        __: Token,
        high: Operand,
    ) -> Operand:
        return compared.not_between(value, low, high, _at(word))

    def is_in(self, left: Operand, word: Token, texts: list[str]) -> Operand:
        return compared.membership(left, texts, _at(word), wanted=True)

    def is_not_in(
        self, left: Operand, word: Token, _: Token, texts: list[str]
    ) -> Operand:
        return compared.membership(left, texts, _at(word), wanted=False)

    def texts(self, *tokens: Token) -> list[str]:
        return [_text_of(token) for token in tokens if token.type == "STRING"]

    def plus(self, _: Token, part: Operand) -> Operand:
        return part

    def minus(self, sign: Token, part: Operand) -> Operand:
        return operands.negated(part, _at(sign))

    def negation(self, word: Token, part: Operand) -> Operand:
        return operands.negation(part, _at(word))

    def inner(self, _: Token, part: Operand, __: Token) -> Operand:
        return part

    def string(self, token: Token) -> Operand:
        return operands.constant(_text_of(token))

    def integer(self, token: Token) -> Operand:
        return operands.integer(str(token), _at(token))

    def double(self, token: Token) -> Operand:
        return operands.double(str(token), _at(token))

    def true(self, _: Token) -> Operand:
        return operands.constant(True)

    def false(self, _: Token) -> Operand:
        return operands.constant(False)

    def null(self, _: Token) -> Operand:
        return operands.constant(None)

    def name(self, token: Token) -> Operand:
        return operands.named(str(token))


def _reserve(token: Token) -> Token:
    """Make reserved words tokens of their own; the lexer sees only names."""
    word = token.upper()
    return token.update(type=word) if word in RESERVED else token


_PARSER: Final = Lark(
    GRAMMAR + "\n%declare " + " ".join(RESERVED),
    parser="lalr",
    lexer="basic",
    transformer=_Building(),
    lexer_callbacks={"NAME": _reserve},
)


def read(text: str) -> Operand:
    """Give the condition that *text* writes down.

    Raises:
        SqlError: it is not in the language, or means nothing.
    """
    try:
        result: Any = _PARSER.parse(text)
    except UnexpectedToken as error:
        token = error.token
        ended = token.type == "$END"
        at = len(text) if ended else _at(token)
        there = "the end" if ended else repr(str(token))
        wanted = _expected(error.accepts or error.expected)
        raise SqlError(f"expected {wanted}, not {there}", at) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise SqlError(f"{text[at]!r} begins nothing", at) from None
    assert isinstance(result, Operand)
    return result


def _expected(terminals: Iterable[str]) -> str:
    """Name what might stand there; long lists of alternatives go by one word."""
    left = set(terminals)
    named = []
    if left >= _OPERATORS:
        named.append("an operator")
        left &= {"AND", "OR", "CLOSE", "$END"}
    elif left >= _VALUES:
        named.append("a property or a value")
        left.clear()
    return " or ".join(named + sorted({_SHOWN.get(each, each) for each in left}))
