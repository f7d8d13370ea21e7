"""The rasteriser of raster.c."""

import ctypes

import numpy as np

PLAIN, SKIN, EYE, HAIR, CLOTH, TONGUE, TEETH, LASHES, GLASS = range(9)

POINTER = ctypes.c_void_p


class MaterialRecord(ctypes.Structure):
    _fields_ = [("colour", ctypes.c_float * 3), ("specular", ctypes.c_float),
                ("gloss", ctypes.c_float), ("wrap", ctypes.c_float), ("alpha", ctypes.c_float),
                ("pattern", ctypes.c_int32), ("one_sided", ctypes.c_int32)]


class LightRecord(ctypes.Structure):
    _fields_ = [("direction", ctypes.c_float * 3), ("colour", ctypes.c_float * 3)]


class SceneRecord(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in (
        "size", "texture_size", "vertex_count", "triangle_count", "material_count", "light_count",
        "point_count")] + [
        ("distance", ctypes.c_float), ("focal", ctypes.c_float), ("centre", ctypes.c_float * 2),
        ("reach", ctypes.c_float), ("sky", ctypes.c_float * 3), ("ground", ctypes.c_float * 3),
        ("iris_colour", ctypes.c_float * 3), ("iris_radius", ctypes.c_float),
        ("pupil_radius", ctypes.c_float)] + [(name, POINTER) for name in (
            "vertices", "exposure", "triangles", "uvs", "materials", "material_table", "lights",
            "texture", "background", "points")]


def material(pattern=PLAIN, colour=(0.5, 0.5, 0.5), specular=0.1, gloss=20, wrap=0.0, alpha=0.0,
             one_sided=False):
    """colour is as in an image, 0 to 1; the record's is linear."""
    return MaterialRecord((ctypes.c_float * 3)(*(float(c) ** 2 for c in colour)), specular, gloss,
                          wrap, alpha, pattern, one_sided)


def light(direction, colour):
    return LightRecord((ctypes.c_float * 3)(*map(float, direction)),
                       (ctypes.c_float * 3)(*map(float, colour)))


class Rasteriser:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def normals(self, vertices, triangles):
        vertices = np.ascontiguousarray(vertices, np.float32)
        triangles = np.ascontiguousarray(triangles, np.int32)
        normals = np.empty_like(vertices)
        self.library.raster_normals(len(vertices), vertices.ctypes.data_as(POINTER),
                                    len(triangles), triangles.ctypes.data_as(POINTER),
                                    normals.ctypes.data_as(POINTER))
        return normals

    def render(self, size, mesh, materials, lights, texture, background, points, **camera):
        """mesh: dict of vertices (view space), exposure, triangles, uvs, materials; camera: the
        scene's scalars -> image, places (points x 3: x, y, visible)."""
        kinds = {"vertices": np.float32, "exposure": np.float32, "triangles": np.int32,
                 "uvs": np.float32, "materials": np.uint8}
        arrays = {name: np.ascontiguousarray(mesh[name], kind) for name, kind in kinds.items()}
        arrays.update(texture=np.ascontiguousarray(texture, np.uint8),
                      background=np.ascontiguousarray(background, np.uint8),
                      points=np.ascontiguousarray(points, np.int32))
        if arrays["background"].shape != (size, size, 3):
            raise ValueError(f"the background must be {size}x{size}x3")
        scene = SceneRecord(size, len(texture), len(arrays["vertices"]), len(arrays["triangles"]),
                            len(materials), len(lights), len(arrays["points"]))
        for name, value in camera.items():
            kind = dict(SceneRecord._fields_)[name]
            setattr(scene, name, float(value) if kind is ctypes.c_float
                    else kind(*map(float, value)))
        table = (MaterialRecord * len(materials))(*materials)
        lamps = (LightRecord * len(lights))(*lights)
        scene.material_table = ctypes.cast(table, POINTER)
        scene.lights = ctypes.cast(lamps, POINTER)
        for name, array in arrays.items():
            setattr(scene, name, array.ctypes.data_as(POINTER))
        image = np.empty((size, size, 3), np.uint8)
        places = np.empty((len(arrays["points"]), 3), np.float32)
        if self.library.raster_render(ctypes.byref(scene), image.ctypes.data_as(POINTER),
                                      places.ctypes.data_as(POINTER)) != 0:
            raise ValueError("the scene has an index out of range, or memory ran out")
        return image, places
