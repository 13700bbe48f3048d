import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.rocketmq.broker.filter.MessageEvaluationContext;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.filter.expression.BooleanExpression;
import org.apache.rocketmq.filter.parser.SelectorParser;

/**
 * Asks the genuine evaluator. A line of standard input is an expression and encoded properties, in base64 and parted
 * by blanks; the answer is "P" if the expression is refused, else a letter for each: T, F, N (null), E (an error).
 */
public class Selectors {
    static String text(String word) {
        return new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
    }

    static char ask(BooleanExpression expression, String properties) {
        try {
            Object answer = expression.evaluate(new MessageEvaluationContext(MessageDecoder.string2messageProperties(properties)));
            return answer == null ? 'N' : Boolean.TRUE.equals(answer) ? 'T' : Boolean.FALSE.equals(answer) ? 'F' : 'X';
        } catch (Throwable error) {
            return 'E';
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", -1);
            StringBuilder answers = new StringBuilder();
            try {
                BooleanExpression expression = SelectorParser.parse(text(words[0]));
                for (int i = 1; i < words.length; i++) answers.append(ask(expression, text(words[i])));
            } catch (Throwable refused) {
                answers.append('P');
            }
            out.println(answers);
        }
        out.flush();
    }
}
