// Reads datagrams from standard input, one a line in hexadecimal, has OpenSee.cs decode their
// faces, and prints them: a line of JSON for each datagram.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using UnityEngine;

class Decode {
    const int FaceBytes = 1785;

    static string Number(double value) { return value.ToString("R", CultureInfo.InvariantCulture); }
    static string List(IEnumerable<double> values) {
        return "[" + string.Join(",", values.Select(Number).ToArray()) + "]";
    }
    static string List(Vector2 v) { return List(new double[] { v.x, v.y }); }
    static string List(Vector3 v) { return List(new double[] { v.x, v.y, v.z }); }
    static string List(Quaternion q) { return List(new double[] { q.x, q.y, q.z, q.w }); }

    // Every field of the class by its own name.
    static string Json(object value) {
        List<string> members = new List<string>();
        foreach (FieldInfo field in value.GetType().GetFields()) {
            object part = field.GetValue(value);
            string text =
                part is Vector2 ? List((Vector2)part) :
                part is Vector3 ? List((Vector3)part) :
                part is Quaternion ? List((Quaternion)part) :
                part is bool ? ((bool)part ? "true" : "false") :
                part is float[] ? List(((float[])part).Select(x => (double)x)) :
                part is Vector2[] ? "[" + string.Join(",", ((Vector2[])part).Select(List).ToArray()) + "]" :
                part is Vector3[] ? "[" + string.Join(",", ((Vector3[])part).Select(List).ToArray()) + "]" :
                part is OpenSee.OpenSee.OpenSeeData.OpenSeeFeatures ? Json(part) :
                Number(Convert.ToDouble(part));
            members.Add("\"" + field.Name + "\":" + text);
        }
        return "{" + string.Join(",", members.ToArray()) + "}";
    }

    static void Main() {
        string line;
        while ((line = Console.In.ReadLine()) != null) {
            byte[] bytes = new byte[line.Length / 2];
            for (int i = 0; i < bytes.Length; i++) {
                bytes[i] = Convert.ToByte(line.Substring(2 * i, 2), 16);
            }
            List<string> faces = new List<string>();
            for (int offset = 0; offset < bytes.Length; offset += FaceBytes) {
                OpenSee.OpenSee.OpenSeeData data = new OpenSee.OpenSee.OpenSeeData();
                data.readFromPacket(bytes, offset);
                faces.Add(Json(data));
            }
            Console.WriteLine("[" + string.Join(",", faces.ToArray()) + "]");
        }
    }
}
