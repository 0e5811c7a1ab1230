import java.nio.file.Files;
import java.nio.file.Path;

public class Fnv {
    public static void main(String[] arguments) throws Exception {
        byte[] data = Files.readAllBytes(Path.of(System.getenv("DATASET_PATH")));
        long fnv = 0xcbf29ce484222325L;
        int lines = 0;
        for (byte b : data) {
            fnv = (fnv ^ (b & 0xff)) * 0x100000001b3L;
            if (b == '\n') {
                lines++;
            }
        }
        System.out.printf(
                "{\"bytes\":%d,\"fnv1a64\":\"%016x\",\"lines\":%d}%n", data.length, fnv, lines);
    }
}
