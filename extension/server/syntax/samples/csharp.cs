using System;
using System.Collections.Generic;
using System.Linq;

namespace Pantry
{
    public record Jar(string Name, int Count);

    public class Shelf
    {
        private readonly List<Jar> jars = new List<Jar>();

        public int Count => jars.Count;

        public string Name { get; set; } = "shelf";

        public Shelf Add(Jar jar)
        {
            if (jar.Count <= 0)
            {
                throw new ArgumentException("no jars");
            }
            jars.Add(jar);
            return this;
        }

        public IEnumerable<string> Names(Func<Jar, bool> filter)
        {
            foreach (var jar in jars.Where(one => filter(one)))
            {
                switch (jar.Count)
                {
                    case 1:
                        yield return jar.Name;
                        break;
                    default:
                        yield return string.Format("{0} x", jar.Name);
                        break;
                }
            }
        }
    }
}
