import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Genuine clients in a namespace: arguments are name server, namespace, group, a topic and another one. What comes
 * in the first topic goes back in the second one, as "TOPIC RECONSUME_TIMES BODY"; a body that begins with "again"
 * only at its second coming. Ends when standard input does.
 */
public final class Echo {
    @SuppressWarnings("deprecation")
    public static void main(String[] args) throws Exception {
        String group = args[2], topic = args[3], back = args[4];
        DefaultMQProducer p = new DefaultMQProducer("P" + group);
        p.setNamesrvAddr(args[0]);
        p.setNamespace(args[1]);
        p.start();
        DefaultMQPushConsumer c = new DefaultMQPushConsumer(group);
        c.setNamesrvAddr(args[0]);
        c.setNamespace(args[1]);
        c.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        c.setPollNameServerInterval(1000);
        c.subscribe(topic, "*");
        c.registerMessageListener((MessageListenerConcurrently) (ms, ctx) -> {
            for (MessageExt m : ms) {
                String body = new String(m.getBody(), StandardCharsets.UTF_8);
                if (body.startsWith("again") && m.getReconsumeTimes() == 0) {
                    ctx.setDelayLevelWhenNextConsume(1);
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
                String said = m.getTopic() + " " + m.getReconsumeTimes() + " " + body;
                try {
                    p.send(new Message(back, "E", said.getBytes(StandardCharsets.UTF_8)));
                } catch (Exception e) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        c.start();
        while (System.in.read() >= 0) { }
        c.shutdown();
        p.shutdown();
        System.exit(0);
    }
}
