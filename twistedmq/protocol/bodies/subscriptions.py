"""What a consumer wants."""

from msgspec import Struct, field

from twistedmq.protocol.numbers import Int32, Int64


class SubscriptionData(Struct, kw_only=True, rename="camel"):
    """What a consumer wants of a topic; ``code_set`` holds the hashes of the tags."""

    class_filter_mode: bool = False
    code_set: list[Int32] = []
    expression_type: str = "TAG"
    sub_string: str = ""
    sub_version: Int64 = 0
    tags_set: list[str] = []
    topic: str = ""


class CheckClientRequestBody(Struct, kw_only=True, rename="camel"):
    """A subscription that a broker is to check."""

    client_id: str = ""
    group: str = ""
    namespace: str | None = None
    subscription_data: SubscriptionData = field(default_factory=SubscriptionData)
