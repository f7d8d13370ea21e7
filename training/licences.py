"""What a weight file may be used for, as its metadata's mocap.license says: it depends on what was
seen in training.

    python3 -m training.licences research|free FILE ...     # for files that do not say it"""

import argparse

from . import safetensors

RESEARCH = ("research use only: trained on photographs whose landmark annotations were published "
            "for research")
FREE = ("MIT: trained on rendered heads (ICT-FaceKit, MIT) before photographs from Debian alone; "
        "no photograph of a person, no label by hand or by another network")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("terms", choices=("research", "free"))
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    for path in options.files:
        tensors, metadata = safetensors.read(path)
        metadata["mocap.license"] = RESEARCH if options.terms == "research" else FREE
        safetensors.write(path, tensors, metadata)


if __name__ == "__main__":
    main()
