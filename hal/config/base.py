"""Base model and number types of all configuration files: nothing unknown is accepted, nothing silently converted."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Flag = Annotated[bool, Field(strict=True)]
Int = Annotated[int, Field(strict=True)]
Num = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1, le=65536)]
Address = Annotated[int, Field(strict=True, ge=0, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", strict=True)]
Text = Annotated[str, Field(min_length=1, strict=True)]
