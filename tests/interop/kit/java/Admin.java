import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.MixAll;
import org.apache.rocketmq.common.ServiceThread;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Runs the genuine mqadmin as often as asked, in one JVM: its start is what a call costs.
 *
 * Argument: the name server. In: a line for each call, its arguments between tabs. Out: "STATUS LENGTH", a line end, and as many
 * bytes of what it printed. It can also be a consumer and a producer, for the calls that look at those: "@consume GROUP TOPIC",
 * "@produce GROUP TOPIC".
 */
public final class Admin {
    /** The tool keeps its command objects, and these keep clients that were shut down: each call gets new ones. */
    private static final class Tool extends MQAdminStartup {
        static void call(String[] args) {
            SUB_COMMANDS.clear();
            main(args);
        }
    }

    private static final class Exit extends Error {
        final int status;

        Exit(int status) {
            this.status = status;
        }
    }

    private static volatile boolean mayExit;

    @SuppressWarnings("removal")
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkExit(int status) {
                if (!mayExit) {
                    throw new Exit(status);
                }
            }

            @Override
            public void checkPermission(java.security.Permission permission) {
                // everything else is allowed
            }
        });
        System.setProperty(MixAll.NAMESRV_ADDR_PROPERTY, args[0]);
        hurry();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            PrintStream apart = new PrintStream(said, true, StandardCharsets.UTF_8);
            System.setOut(apart);
            System.setErr(apart);
            int status = 0;
            try {
                call(line.split("\t", -1));
            } catch (Exit exit) {
                status = exit.status;
            }
            byte[] bytes = said.toByteArray();
            out.printf("%d %d%n", status, bytes.length);
            out.write(bytes, 0, bytes.length);
            out.flush();
        }
        mayExit = true;
        Runtime.getRuntime().halt(0);
    }

    /** At the end of most calls a client waits up to 3 s for a thread of its own that waits for events: such are woken. */
    private static void hurry() throws ReflectiveOperationException {
        Field work = Thread.class.getDeclaredField("target");
        work.setAccessible(true);
        Thread waker = new Thread(() -> {
            while (true) {
                try {
                    for (Thread thread : Thread.getAllStackTraces().keySet()) {
                        // read once: a thread that ends meanwhile has none
                        Object its = work.get(thread);
                        // one that need not end yet would take it for a lost connection
                        if (its instanceof ServiceThread && ((ServiceThread) its).isStopped()) {
                            thread.interrupt();
                        }
                    }
                    Thread.sleep(20);
                } catch (ReflectiveOperationException | InterruptedException e) {
                    return;
                }
            }
        }, "hurry");
        waker.setDaemon(true);
        waker.start();
    }

    private static void call(String[] args) throws Exception {
        if (args[0].equals("@consume")) {
            DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[1]);
            consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
            consumer.subscribe(args[2], "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
            consumer.start();
        } else if (args[0].equals("@produce")) {
            DefaultMQProducer producer = new DefaultMQProducer(args[1]);
            producer.start();
            MQClientInstance client = producer.getDefaultMQProducerImpl().getMqClientFactory();
            client.updateTopicRouteInfoFromNameServer(args[2]); // it beats for the brokers that it knows
            client.sendHeartbeatToAllBrokerWithLock();
        } else {
            Tool.call(args);
        }
    }
}
