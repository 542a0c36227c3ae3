// ws_go.go - a peer of the benchmark: Go with gorilla/websocket, called as job.h
// says.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

type job struct {
	socket *websocket.Conn
	size   int
	count  int
	laps   []float64 // microseconds
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (job *job) read() []byte {
	_, bytes, err := job.socket.ReadMessage()
	check(err)
	return bytes
}

func roundTrips(job *job) {
	payload := make([]byte, job.size)
	for i := 0; i < job.count; i++ {
		began := time.Now()
		check(job.socket.WriteMessage(websocket.BinaryMessage, payload))
		job.read()
		job.laps = append(job.laps, float64(time.Since(began).Nanoseconds())/1e3)
	}
}

func publish(job *job) {
	payload := make([]byte, job.size)
	for i := 0; i < job.count; i++ {
		check(job.socket.WriteMessage(websocket.BinaryMessage, payload))
	}
	check(job.socket.WriteMessage(websocket.TextMessage, []byte("?")))
	if counted := string(job.read()); counted != strconv.Itoa(job.count) {
		check(fmt.Errorf("the server counted %s messages, not %d", counted, job.count))
	}
}

func subscribe(job *job) {
	text := fmt.Sprintf("go %d %d", job.count, job.size)
	check(job.socket.WriteMessage(websocket.TextMessage, []byte(text)))
	for i := 0; i < job.count; i++ {
		job.read()
	}
}

func main() {
	deeds := map[string]func(*job){"rtt": roundTrips, "pub": publish, "sub": subscribe}
	if len(os.Args) < 3 || deeds[os.Args[1]] == nil {
		check(fmt.Errorf("ws_go rtt|pub|sub URL --size S --count N"))
	}
	var job job
	flags := flag.NewFlagSet("ws_go", flag.ExitOnError)
	flags.IntVar(&job.size, "size", 64, "bytes of a message")
	flags.IntVar(&job.count, "count", 1000, "messages")
	flags.Bool("json", true, "as it always does")
	check(flags.Parse(os.Args[3:]))

	var err error
	job.socket, _, err = websocket.DefaultDialer.Dial(os.Args[2], nil)
	check(err)
	began := time.Now()
	deeds[os.Args[1]](&job)
	secs := time.Since(began).Seconds()

	part := func(p float64) float64 {
		if len(job.laps) == 0 {
			return 0
		}
		return job.laps[int(float64(len(job.laps)-1)*p)]
	}
	sort.Float64s(job.laps)
	check(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"work": os.Args[1], "size": job.size, "count": job.count,
		"rate": float64(job.count) / secs, "secs": secs,
		"p50_us": part(0.5), "p99_us": part(0.99)}))
}
