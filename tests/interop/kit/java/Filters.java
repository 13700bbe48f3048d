import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.apache.rocketmq.broker.filter.ConsumerFilterManager;
import org.apache.rocketmq.filter.util.BloomFilter;

/**
 * The genuine bloom filter and consumerFilter.json. "positions F N": for each line of standard input the bits that it is
 * given. "load": takes standard input as the file, gives it as it would be written again. "make": gives a file of its own.
 */
public class Filters {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        if (arguments[0].equals("positions")) {
            BloomFilter filter = BloomFilter.createByFn(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            for (String line = lines.readLine(); line != null; line = lines.readLine())
                out.println(filter.getM() + " " + Arrays.toString(filter.calcBitPositions(line)));
        } else {
            ConsumerFilterManager manager = new ConsumerFilterManager();
            if (arguments[0].equals("load")) {
                manager.decode(lines.lines().collect(Collectors.joining("\n")));
            } else {
                manager.register("orders", "billing", "amount > 10 AND region = 'eu'", "SQL92", 7);
                manager.register("orders", "audit", "TRUE", "SQL92", 8);
                manager.register("orders", "plain", "a || b", "TAG", 8);
                manager.unRegister("audit");
            }
            out.println(manager.encode(arguments[0].equals("make")));
        }
        out.flush();
    }
}
