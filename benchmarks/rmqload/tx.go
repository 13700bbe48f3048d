package main

import (
	"errors"
	"flag"
	"strconv"
	"time"
)

// appendCommit encodes the one-way commit of a half that was acknowledged with ext.
func appendCommit(b []byte, bin bool, group string, ext map[string]string) []byte {
	id := ext["msgId"]
	if len(id) < 16 {
		return b
	}
	at, err := strconv.ParseInt(id[len(id)-16:], 16, 64)
	if err != nil {
		return b
	}
	start := len(b)
	b = appendFrame(b, bin, codeEndTx, 0, []kv{{"producerGroup", group}, {"commitLogOffset", strconv.FormatInt(at, 10)},
		{"topic", ""}, {"msgId", ext["transactionId"]}, {"tranStateTableOffset", ext["queueOffset"]}, {"commitOrRollback", "8"},
		{"transactionId", ext["transactionId"]}, {"fromTransactionCheck", "false"}}, nil, 0)
	if bin {
		b[start+8+12] = 2 // the last byte of the flag
	} else {
		b[start+8+len(`{"code":37,"flag":`)] = '2'
	}
	return b
}

// cmdTx sends halves of transactions, commits each once it is acknowledged, and waits
// until all can be read. Rate and CPU are over both; the latencies are those of the halves.
func cmdTx(args []string) (any, error) {
	c := sendCfg{tx: true}
	fs := flag.NewFlagSet("tx", flag.ExitOnError)
	c.flags(fs)
	limit := fs.Duration("limit", 60*time.Second, "longest time for the commits after the last half")
	_ = fs.Parse(args)
	if c.count <= 0 || c.batch != 1 {
		return nil, errors.New("-count must be over 0, -batch must be 1")
	}
	return c.deliver("tx", *limit)
}
