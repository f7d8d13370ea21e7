// What OpenSeeFace's OpenSee.cs needs of UnityEngine, by Unity's documentation.
using System;

namespace UnityEngine {

public class MonoBehaviour {}
public class HideInInspector : Attribute {}
public class HeaderAttribute : Attribute { public HeaderAttribute(string text) {} }
public class TooltipAttribute : Attribute { public TooltipAttribute(string text) {} }

public struct Vector2 {
    public float x, y;
    public Vector2(float x, float y) { this.x = x; this.y = y; }
}

public struct Vector3 {
    public float x, y, z;
    public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }
    public static Vector3 right { get { return new Vector3(1, 0, 0); } }
    public static Vector3 up { get { return new Vector3(0, 1, 0); } }
    public static Vector3 forward { get { return new Vector3(0, 0, 1); } }
    public static Vector3 operator -(Vector3 a, Vector3 b) {
        return new Vector3(a.x - b.x, a.y - b.y, a.z - b.z);
    }
    public Vector3 normalized { get {
        float length = (float)Math.Sqrt(x * x + y * y + z * z);
        return new Vector3(x / length, y / length, z / length);
    } }
    public static Vector3 Cross(Vector3 a, Vector3 b) {
        return new Vector3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
    }
}

public struct Quaternion {
    public float x, y, z, w;
    public Quaternion(float x, float y, float z, float w) {
        this.x = x; this.y = y; this.z = z; this.w = w;
    }
    public static Quaternion AngleAxis(float degrees, Vector3 axis) {
        double half = degrees * Math.PI / 360;
        float s = (float)Math.Sin(half);
        Vector3 a = axis.normalized;
        return new Quaternion(s * a.x, s * a.y, s * a.z, (float)Math.Cos(half));
    }
    // The rotation that takes forward to the direction and keeps up as far as possible: about y,
    // then about the x that this has turned.
    public static Quaternion LookRotation(Vector3 direction) {
        Vector3 d = direction.normalized;
        float yaw = (float)(Math.Atan2(d.x, d.z) * 180 / Math.PI);
        float pitch = (float)(-Math.Asin(d.y) * 180 / Math.PI);
        return AngleAxis(yaw, Vector3.up) * AngleAxis(pitch, Vector3.right);
    }
    public static Quaternion operator *(Quaternion a, Quaternion b) {
        return new Quaternion(a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                              a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
                              a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
                              a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
    }
}

}
