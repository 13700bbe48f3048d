package main

import (
	"errors"
	"flag"
	"time"
)

// total counts what the queues of the topics hold.
func (c *common) total() (int64, error) {
	l, err := c.listQueues()
	var n int64
	for _, q := range l {
		n += q.to - q.from
	}
	return n, err
}

// cmdDelay sends messages with a delay level and waits until the broker has delivered
// them all. CPU and rate count from the first send to the last delivery; the latencies
// are those of the sends.
func cmdDelay(args []string) (any, error) {
	var c sendCfg
	fs := flag.NewFlagSet("delay", flag.ExitOnError)
	c.flags(fs)
	fs.IntVar(&c.level, "level", 1, "delay level")
	limit := fs.Duration("limit", 60*time.Second, "longest time for the deliveries after the last send")
	_ = fs.Parse(args)
	if c.count <= 0 || c.level <= 0 || c.batch != 1 {
		return nil, errors.New("-count and -level must be over 0, -batch must be 1")
	}
	return c.deliver("delay", *limit)
}

// deliver drives the load and waits until consumers could read all of it.
func (c *sendCfg) deliver(cmd string, limit time.Duration) (any, error) {
	if _, err := c.createTopics(0, c.topics); err != nil {
		return nil, err
	}
	before, err := c.total()
	if err != nil {
		return nil, err
	}
	pr := newProcs(c.pid)
	t0, u0 := time.Now(), pr.now()
	pr.watch()
	o, err := c.drive(0, c.topics)
	if err != nil {
		return o, err
	}
	sent, want := time.Now(), o["acked_total"].(int64)
	var got int64
	for got < want {
		if time.Since(sent) > limit {
			err = errors.New("not everything was delivered in time")
			break
		}
		time.Sleep(20 * time.Millisecond)
		now, e := c.total()
		if e != nil {
			return o, e
		}
		got = now - before
	}
	el := time.Since(t0).Seconds()
	o["cmd"], o["delivered"] = cmd, got
	if c.level > 0 {
		o["level"] = c.level
	}
	o["send_msgs_per_s"], o["msgs_per_s"] = o["msgs_per_s"], round(float64(got)/el, 1)
	o["seconds"], o["after_last_send_s"] = round(el, 3), round(time.Since(sent).Seconds(), 3)
	if s := serverOut(u0, pr.now(), pr.end(), float64(got)); s != nil {
		o["server"] = s
	}
	return o, err
}
