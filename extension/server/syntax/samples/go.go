package shelf

import (
	"errors"
	"fmt"
)

type Jar struct {
	Name  string
	Count int
}

type Shelf struct {
	jars []Jar
	byName map[string]int
}

var ErrEmpty = errors.New("no jars")

func New(names ...string) *Shelf {
	shelf := &Shelf{byName: map[string]int{}}
	for i, name := range names {
		shelf.jars = append(shelf.jars, Jar{Name: name, Count: i})
		shelf.byName[name] = i
	}
	return shelf
}

func (s *Shelf) Largest() (Jar, error) {
	if len(s.jars) == 0 {
		return Jar{}, ErrEmpty
	}
	best := s.jars[0]
	for _, jar := range s.jars[1:] {
		switch {
		case jar.Count > best.Count:
			best = jar
		default:
			fmt.Println(jar.Name, func() int { return jar.Count }())
		}
	}
	return best, nil
}
