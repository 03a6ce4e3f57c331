import com.google.gson.Gson;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs cases with the stock Java client and prints a JSON line for each:
 * java Stock BASE-URL TRANSPORT ENCODING CASE...
 */
public final class Stock {
    /** Bounds one case, in seconds. */
    private static final int PATIENCE = 20;

    private static final Gson GSON = new Gson();

    private Stock() {}

    public static void main(String[] args) {
        Map<String, Cases.Body> cases = Cases.all();
        ExecutorService threads = Executors.newCachedThreadPool();
        for (String name : List.of(args).subList(3, args.length)) {
            Cell cell = new Cell(args[0], args[1], args[2]);
            if (!cases.containsKey(name) || !cell.possible()) {
                print(Map.of("case", name, "missing", true));
                continue;
            }
            print(run(threads, cell, name, cases.get(name)));
            cell.close();
        }
        System.exit(0); // the client's HTTP threads would stay for a minute
    }

    private static Map<String, Object> run(ExecutorService threads, Cell cell, String name, Cases.Body body) {
        Future<?> future = threads.submit(() -> {
            body.run(cell);
            return null;
        });
        try {
            future.get(PATIENCE, TimeUnit.SECONDS);
            return Map.of("case", name, "ok", true);
        } catch (TimeoutException e) {
            future.cancel(true);
            return Map.of("case", name, "error", "nothing within " + PATIENCE + " s");
        } catch (Exception e) {
            return Map.of("case", name, "error", String.valueOf(e.getCause() == null ? e : e.getCause()));
        }
    }

    private static synchronized void print(Map<String, Object> line) {
        System.out.println(GSON.toJson(line));
    }
}
