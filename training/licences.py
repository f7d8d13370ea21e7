"""What a weight file may be used for, as its metadata's mocap.license says: it depends on what was
seen in training."""

RESEARCH = ("research use only: trained on photographs whose landmark annotations were published "
            "for research")
FREE = ("MIT: trained on rendered heads (ICT-FaceKit, MIT) before photographs from Debian alone; "
        "no photograph of a person, no label by hand or by another network")
