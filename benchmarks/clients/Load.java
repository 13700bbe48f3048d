import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/**
 * The genuine client under load, as load.py is ours. The argument is the name server. Each line of standard input is an order,
 * each is answered with one line of JSON; goes in peace when standard input ends.
 */
public final class Load {
    static final byte[] BODY = new byte[1024];
    static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    public static void main(String[] args) throws Exception {
        java.util.Arrays.fill(BODY, (byte) 'x');
        DefaultMQProducer single = producer(args[0], "load_single"), batching = producer(args[0], "load_batching");
        batching.setAutoBatch(true);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = orders.readLine()) != null; ) {
            String[] order = line.split(" ");
            int count = Integer.parseInt(order[2]), many = Integer.parseInt(order[3]);
            switch (order[0]) {
                case "pipelined": // by itself it makes no batches
                case "apart": pipelined(single, order[1], count, many); break;
                case "batched": pipelined(batching, order[1], count, many); break;
                case "waiting": waiting(batching, order[1], count, many); break;
                case "consumed": consumed(args[0], order[1], count, order[4]); break;
                default: throw new IllegalArgumentException(line);
            }
        }
        single.shutdown();
        batching.shutdown();
        System.exit(0);
    }

    static DefaultMQProducer producer(String namesrv, String group) throws Exception {
        DefaultMQProducer p = new DefaultMQProducer(group);
        p.setNamesrvAddr(namesrv);
        p.setInstanceName(group);
        p.start();
        return p;
    }

    static Message message(String topic, int n) {
        return new Message(topic, "bench", "k" + n, BODY);
    }

    /** Sends without waiting, with at most so many in flight. */
    static void pipelined(DefaultMQProducer producer, String topic, int count, int window) throws Exception {
        Semaphore room = new Semaphore(window);
        AtomicInteger failed = new AtomicInteger();
        SendCallback landed = new SendCallback() {
            @Override public void onSuccess(SendResult result) {
                room.release();
            }

            @Override public void onException(Throwable e) {
                if (failed.incrementAndGet() == 1) System.err.println(e);
                room.release();
            }
        };
        Span span = new Span();
        for (int i = 0; i < count; i++) {
            room.acquire();
            producer.send(message(topic, i), landed);
        }
        room.acquire(window);
        span.end(count, failed.get());
    }

    /** So many threads, each of which waits for its receipt before it sends again. */
    static void waiting(DefaultMQProducer producer, String topic, int count, int senders) throws Exception {
        AtomicInteger failed = new AtomicInteger(), next = new AtomicInteger();
        Thread[] threads = new Thread[senders];
        Span span = new Span();
        for (int i = 0; i < senders; i++) {
            threads[i] = new Thread(() -> {
                for (int n; (n = next.getAndIncrement()) < count; )
                    try {
                        producer.send(message(topic, n));
                    } catch (Exception e) {
                        if (failed.incrementAndGet() == 1) System.err.println(e);
                    }
            });
            threads[i].start();
        }
        for (Thread t : threads) t.join();
        span.end(count, failed.get());
    }

    /** Measured from the first message to the last one. */
    static void consumed(String namesrv, String topic, int count, String group) throws Exception {
        AtomicInteger got = new AtomicInteger(), strange = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(1);
        Span[] span = new Span[1];
        DefaultMQPushConsumer c = new DefaultMQPushConsumer(group);
        c.setNamesrvAddr(namesrv);
        c.setInstanceName(group);
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.subscribe(topic, "*");
        c.registerMessageListener((MessageListenerConcurrently) (ms, ctx) -> {
            int n = got.addAndGet(ms.size());
            if (n == ms.size()) span[0] = new Span();
            if (ms.get(0).getBody().length != BODY.length) strange.incrementAndGet();
            if (n == count) all.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        c.start();
        all.await();
        span[0].end(count, strange.get());
        c.shutdown();
    }

    /** What time it took, on the clock and of the processor. */
    static final class Span {
        final long began = System.nanoTime(), cpu = SYSTEM.getProcessCpuTime();

        void end(int count, int failed) {
            double seconds = (System.nanoTime() - began) / 1e9, used = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
            System.out.printf(java.util.Locale.ROOT, "{\"messages\": %d, \"failed\": %d, \"seconds\": %.6f, \"cpu_s\": %.6f}%n",
                count, failed, seconds, used);
        }
    }
}
