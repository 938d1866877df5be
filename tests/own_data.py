"""The file of one's own data, as a person takes it away."""

import io
import json
import zipfile
from typing import Any


def own_data(client) -> dict[str, Any]:
    """For machines, as it was signed in just now."""
    response = client.get("/fr/privacy/my-data")
    assert "attachment" in response.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        return json.loads(archive.read("my-data.json"))
