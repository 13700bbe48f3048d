import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Genuine members of groups: arguments are the name server, then GROUP:TOPIC:KIND each, where the kind is
 * concurrent, orderly or hash. Tells on standard output what they get and which queues they have; goes in
 * peace when standard input ends.
 */
public final class Member {
    public static void main(String[] args) throws Exception {
        List<DefaultMQPushConsumer> members = new ArrayList<>();
        try {
            for (int i = 1; i < args.length; i++) members.add(start(args[0], args[i].split(":")));
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1); // the threads of those that did start would go on for ever
        }
        Thread watch = new Thread(() -> watch(args, members), "watch");
        watch.setDaemon(true);
        watch.start();
        while (System.in.read() >= 0) { }
        for (DefaultMQPushConsumer c : members) c.shutdown();
        say("bye");
        System.exit(0);
    }

    static DefaultMQPushConsumer start(String namesrv, String[] spec) throws Exception {
        String group = spec[0], topic = spec[1], kind = spec[2];
        DefaultMQPushConsumer c = new DefaultMQPushConsumer(group);
        c.setNamesrvAddr(namesrv);
        c.setInstanceName(group);
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.setPollNameServerInterval(1000);
        c.setPersistConsumerOffsetInterval(1000);
        c.setAwaitTerminationMillisWhenShutdown(5000);
        if (kind.equals("hash")) c.setAllocateMessageQueueStrategy(new AllocateMessageQueueConsistentHash());
        c.subscribe(topic, "*");
        if (kind.equals("orderly"))
            c.registerMessageListener((MessageListenerOrderly) (ms, ctx) -> {
                for (MessageExt m : ms) got(group, m);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        else
            c.registerMessageListener((MessageListenerConcurrently) (ms, ctx) -> {
                for (MessageExt m : ms) got(group, m);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        c.start();
        return c;
    }

    static void watch(String[] args, List<DefaultMQPushConsumer> members) {
        String[] last = new String[members.size()];
        while (true) {
            for (int i = 0; i < last.length; i++) {
                String topic = args[i + 1].split(":")[1];
                StringBuilder mine = new StringBuilder();
                members.get(i).getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet()
                    .stream().filter(q -> q.getTopic().equals(topic)).mapToInt(MessageQueue::getQueueId).sorted()
                    .forEach(n -> mine.append(' ').append(n));
                if (!mine.toString().equals(last[i])) say("queues " + args[i + 1].split(":")[0] + mine);
                last[i] = mine.toString();
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    static void got(String group, MessageExt m) {
        say("got " + group + " " + m.getQueueId() + " " + m.getQueueOffset() + " " + new String(m.getBody(), StandardCharsets.UTF_8));
    }

    static synchronized void say(String line) {
        System.out.println(line);
    }
}
