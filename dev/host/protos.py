"""The messages between a Functions host and its Python worker, as plain classes.

In Azure these are protobuf messages (`FunctionRpc.proto`). The worker library takes whatever
namespace its requests carry in `properties["protos"]`, and only constructs messages and reads their
attributes, so classes that keep their keyword arguments are enough. This module is that namespace.
"""

from __future__ import annotations

from types import SimpleNamespace


class Message(SimpleNamespace):
    """A message that has the fields it was given."""


class TypedData(Message):
    """One value to or from the worker: one field is set, or none where there is no data."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 (protobuf's own name)
        """The name of the field that is set, else None."""
        return next((name for name, value in vars(self).items() if value is not None), None)


class ParameterBinding(Message):
    """A binding's name with its `TypedData`."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 (protobuf's own name)
        """Always `data`: this host has no shared memory."""
        return "data"


class StatusResult(Message):
    """How a request ended: `status` and, for a failure, `exception`."""

    Failure = 0
    Success = 1


class BindingInfo(Message):
    """A binding's type and direction."""

    out = 1
    inout = 2


class RpcException(Message):
    """`message` (`ClassName: text`) and `stack_trace` of what a function raised."""


class RpcHttp(Message):
    """An HTTP request (method, url, headers, query, params, body) or response."""


class RpcHttpCookie(Message):
    """One `Set-Cookie` of a response; optional attributes are `Nullable` messages or None."""

    SameSite = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


class FunctionMetadataResponse(Message):
    """What the worker found when it indexed the app."""


class FunctionLoadResponse(Message):
    """Acknowledges one function."""


class InvocationResponse(Message):
    """`result`, `return_value` and `output_data` of one invocation."""


class RpcFunctionMetadata(Message):
    """One indexed function; `raw_bindings` are JSON strings."""


class RpcRetryOptions(Message):
    """A function's retry policy."""


class WorkerInitResponse(Message):
    """`result` of loading the app."""


class WorkerMetadata(Message):
    """Versions of runtime and worker."""


class NullableString(Message):
    """A string that may be absent."""


class NullableBool(Message):
    """A boolean that may be absent."""


class NullableDouble(Message):
    """A number that may be absent."""


class NullableTimestamp(Message):
    """A `Timestamp` that may be absent."""


class Timestamp(Message):
    """Whole `seconds` since 1970, UTC."""
