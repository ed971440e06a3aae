"""What goes over the wire as JSON, for validation and for the documentation."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cct_text.inference.classifier import without_surrogates
from cct_text.serving.refusals import Refused


def _encodable(value: object) -> object:
    return without_surrogates(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_encodable)]
"""JSON can write half of a surrogate pair, which is no text; it is read as U+FFFD, as from a file."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, Field(ge=1, strict=True), BeforeValidator(_whole)]
"""At least 1; JSON has one kind of number, so that 2.0 is 2."""


class Query(BaseModel):
    """One text or several."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"texts": ["Who wrote the Iliad ?", "Where is Oslo ?"], "top_k": 2},
            "additionalProperties": False,
            "oneOf": [
                {"required": [given], "properties": {given: {"type": kind}, other: {"type": "null"}}}
                for given, kind, other in (("text", "string", "texts"), ("texts", "array", "text"))
            ],
        },
    )

    text: Text | None = Field(None, description="One text. Either this or `texts`.")
    texts: list[Text] | None = Field(None, fail_fast=True, description="Several texts.")
    top_k: Count | None = Field(None, description="Labels for each text; all when left out.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError("give either `text`, a string, or `texts`, a list of strings")
        return self

    @property
    def all_texts(self) -> list[str]:
        """The one text, or the several."""
        return [self.text] if self.text is not None else self.texts or []


def require_bounded(body: object, most: int) -> None:
    """See that a body is worth validating, which would collect a fault for each of millions of items or names.

    Args:
        body: any JSON.
        most: texts that it may have.

    Raises:
        Refused: if it has more, or a name that is not of a query.
    """
    if not isinstance(body, dict):
        return
    unknown = next((name for name in body if name not in Query.model_fields), None)
    if unknown is not None:
        raise Refused(422, f"no such field: {unknown:.40}; known are {', '.join(Query.model_fields)}")
    texts = body.get("texts")
    if isinstance(texts, list) and len(texts) > most:
        raise Refused(413, f"{len(texts):,} texts; at most {most:,} in one request")


class Prediction(BaseModel):
    """What is said about a text."""

    label: str | None = Field(None, description="The most probable label; not of a model that gives several.")
    labels: list[str] | None = Field(
        None, description="Of a model that gives a text several labels, or none: they, the most probable first."
    )
    probabilities: dict[str, float] = Field(
        description="By label, the most probable first; those of `labels` in any case."
    )


class Word(BaseModel):
    """A word of a text and how much it counted."""

    word: str = Field(description="As the model read it.")
    start: int = Field(description="Its first character in the text, counted in code points.")
    end: int = Field(description="One past its last character.")
    weight: float = Field(description="What it counts in the pooling; the weights of a text sum to 1.")


class Explanation(Prediction):
    """What is said about a text, and where the model looked."""

    words: list[Word]


class Predictions(BaseModel):
    """One prediction for each text, in order."""

    predictions: list[Prediction]


class Explanations(BaseModel):
    """One explanation for each text, in order."""

    predictions: list[Explanation]


class FilePredictions(BaseModel):
    """One prediction for each row of a file, in order."""

    columns: list[str] = Field(description="Of the file; none where it is a text file.")
    text_columns: list[str] = Field(description="Those that the texts come from, joined by a blank.")
    replaced: int = Field(description="Rows with bytes that are not UTF-8; each such byte was read as U+FFFD.")
    texts: list[str]
    predictions: list[Prediction]


class Health(BaseModel):
    """Whether the server is ready, and what it serves."""

    ready: bool
    model: str = Field(description="Name of the network.")
    dataset: str = Field(description="What it was trained on.")
    labels: list[str]
    thresholds: dict[str, float] | None = Field(
        description="By label, the probability from which on a text has it; none where a text has one label."
    )
    precision: str = Field(description="Of matrix products: fp32 or bf16.")
    version: str = Field(description="Of cct-text.")
    limits: dict[str, float] = Field(description="What a request may have at most.")


class Refusal(BaseModel):
    """Why a request is not answered."""

    error: str
    columns: list[str] | None = Field(
        None, description="Of the file, where its text column cannot be told: name one by `text_column`."
    )


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "Not JSON."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "Too large, too many or too long."},
    415: {"model": Refusal, "description": "A body that is not declared as JSON, or a file within a form."},
    422: {"model": Refusal, "description": "JSON, a parameter or a file that is not as it should be."},
    421: {"model": Refusal, "description": "Asked by a name that is not the server's."},
    503: {"model": Refusal, "description": "Busy; `Retry-After` tells when to try again."},
}
"""The answers that say no."""
