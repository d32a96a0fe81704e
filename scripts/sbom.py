"""Write down what hotfolio stands on, as CycloneDX 1.6 in JSON: `python -m scripts.sbom FILE`, or `make sbom`.

What is listed is what is installed here: hotfolio with its optional parts for users, what they need, who needs whom,
the licences, and what the wheels say is compiled into them; no tools of development. With `SOURCE_DATE_EPOCH` set, the
same environment comes to the same bytes.
"""

import os
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from scripts.licences import ROOT, Part, installed

_OURS = uuid.uuid5(uuid.NAMESPACE_DNS, "hotfolio.invalid")
"""Makes serial numbers of SBOMs out of what they list."""


def sbom(parts: dict[str, Part]) -> str:
    """The JSON text; `parts` are packages by their names, `ROOT` among them."""
    components = {name: _component(part) for name, part in parts.items()}
    root = components[ROOT]
    root.type = ComponentType.APPLICATION
    bom = Bom(components=(component for component in components.values() if component is not root))
    bom.metadata.component = root
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    bom.metadata.timestamp = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    bom.serial_number = uuid.uuid5(_OURS, f"{bom.metadata.timestamp} {parts}")
    for name, part in parts.items():
        bom.register_dependency(components[name], [components[other] for other in part.requires])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(part: Part) -> Component:
    reference = f"{part.name}=={part.version}"
    component = Component(
        type=ComponentType.LIBRARY,
        name=part.name,
        version=part.version,
        purl=PackageURL("pypi", name=part.name, version=part.version),
        bom_ref=reference,
        components=[_inside(one, f"{reference}/{number}") for number, one in enumerate(part.inside, 1)],
    )
    _say_licence(component, part)
    return component


def _inside(part: Part, reference: str) -> Component:
    component = Component(type=ComponentType.LIBRARY, name=part.name, version=part.version or None, bom_ref=reference)
    _say_licence(component, part)
    return component


def _say_licence(component: Component, part: Part) -> None:
    if part.licence:
        said = LicenseAcknowledgement.DECLARED if part.stated else LicenseAcknowledgement.CONCLUDED
        component.licenses.add(LicenseFactory().make_from_string(part.licence, license_acknowledgement=said))


def main(arguments: list[str]) -> int:
    """Write the file that is named; returns the exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        parts = installed()
    except PackageNotFoundError as error:
        print(f"{ROOT} needs {error.name}, which is not installed here.", file=sys.stderr)
        return 2
    file = Path(arguments[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(sbom(parts) + "\n", encoding="utf-8")
    print(f"{len(parts) - 1} packages that {ROOT} {parts[ROOT].version} stands on: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
