package shelf;

import java.util.ArrayList;
import java.util.List;

public class Shelf<T extends Comparable<T>> {
  private final List<T> items = new ArrayList<>();
  private int[] counts = {1, 2, 3};

  public Shelf(int size) {
    this.counts = new int[size];
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (T item : items) {
      if (text.length() > 0) {
        text.append(", ");
      }
      text.append(item);
    }
    return text.toString();
  }

  public T largest() {
    T best = null;
    for (int i = 0; i < items.size(); i++) {
      try {
        if (best == null || items.get(i).compareTo(best) > 0) best = items.get(i);
      } catch (RuntimeException error) {
        System.err.println(error);
      }
    }
    return best;
  }

  interface Visitor<R> {
    R visit(Shelf<?> shelf);
  }
}
