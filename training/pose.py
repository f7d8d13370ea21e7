"""How far a head is turned, from its landmarks."""

import cv2
import numpy as np

# A head of about average shape, in millimetres from the nose's tip, x to the
# image's right, y down, z away from the camera: tip of the nose, chin, outer
# corners of the eyes, corners of the mouth.
POINTS = (30, 8, 36, 45, 48, 54)
HEAD = np.float64([[0, 0, 0], [0, 66, 28], [-45, -34, 50], [45, -34, 50], [-27, 32, 38],
                   [27, 32, 38]])


def yaw_of(points):
    """Degrees, from 68 points in a square's fractions; 0 straight ahead."""
    camera = np.float64([[3, 0, 0.5], [0, 3, 0.5], [0, 0, 1]])  # a long lens: little perspective
    image = np.float64(points[list(POINTS)])
    good, turn, _ = cv2.solvePnP(HEAD, image, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    if not good:
        return 0.0
    ahead = cv2.Rodrigues(turn)[0] @ np.array([0.0, 0.0, 1.0])
    return float(np.degrees(np.arctan2(-ahead[0], ahead[2])))
