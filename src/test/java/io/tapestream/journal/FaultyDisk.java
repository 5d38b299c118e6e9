package io.tapestream.journal;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file system over the real one that fails at the n-th thing done to a file, whatever that is: opening, writing,
 * forcing, mapping, renaming, deleting. A write that fails has written half.
 */
final class FaultyDisk extends FileSystemProvider {
    /** What the kernel says of a disk that is full. */
    static final String FULL = "No space left on device";

    private final FileSystemProvider disk;
    private final FaultyFileSystem fileSystem;
    private final List<String> steps = new ArrayList<>();
    private int failsAt = Integer.MAX_VALUE;
    private boolean goesOnFailing;

    FaultyDisk(FileSystem real) {
        disk = real.provider();
        fileSystem = new FaultyFileSystem(this, real);
    }

    /** A path of the real disk as one of this. */
    Path path(Path real) {
        return (Path) Proxy.newProxyInstance(
                Path.class.getClassLoader(), new Class<?>[] {Path.class}, new PathHandler(this, real));
    }

    /** Fails from now on at the step with this number, 0 is the next; at that one only, or at all from there on. */
    void failAt(int step, boolean goesOn) {
        steps.clear();
        failsAt = step;
        goesOnFailing = goesOn;
    }

    /** The disk is well again. */
    void recover() {
        failAt(Integer.MAX_VALUE, false);
    }

    /** What was done since the last call of {@link #failAt}, each as what and with which file. */
    List<String> steps() {
        return List.copyOf(steps);
    }

    /** Takes a step; throws if it is one that fails. */
    void step(String what, Path file) throws FileSystemException {
        int number = steps.size();
        steps.add(what + " " + Objects.requireNonNull(file.getFileName()));
        if (number == failsAt || (goesOnFailing && number > failsAt)) {
            throw new FileSystemException(file.toString(), null, FULL);
        }
    }

    static Path real(Path path) {
        return Proxy.isProxyClass(path.getClass()) && Proxy.getInvocationHandler(path) instanceof PathHandler handler
                ? handler.real()
                : path;
    }

    /** Does with the real path what is done with one of this disk. */
    private record PathHandler(FaultyDisk owner, Path real) implements InvocationHandler {
        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
            if (method.getName().equals("getFileSystem")) {
                return owner.fileSystem;
            }
            Object[] unwrapped = arguments == null ? new Object[0] : arguments.clone();
            for (int i = 0; i < unwrapped.length; i++) {
                unwrapped[i] = unwrapped[i] instanceof Path path ? FaultyDisk.real(path) : unwrapped[i];
            }
            try {
                return wrapped(method.invoke(real, unwrapped));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private @Nullable Object wrapped(@Nullable Object answer) {
            return answer instanceof Path path ? owner.path(path) : answer;
        }
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        step("open", path);
        return new FaultyChannel(this, path, disk.newFileChannel(real(path), options, attributes));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return disk.newByteChannel(real(path), options, attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path folder, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(real(folder))) {
            for (Path file : files) {
                if (filter.accept(file)) {
                    found.add(path(file));
                }
            }
        }
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return found.iterator();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        step("rename to", target);
        disk.move(real(source), real(target), options);
    }

    @Override
    public void delete(Path path) throws IOException {
        step("delete", path);
        disk.delete(real(path));
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
        step("create", folder);
        disk.createDirectory(real(folder), attributes);
    }

    @Override
    public String getScheme() {
        return "faulty";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        return fileSystem;
    }

    @Override
    public Path getPath(URI uri) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
        disk.copy(real(source), real(target), options);
    }

    @Override
    public boolean isSameFile(Path path, Path other) throws IOException {
        return disk.isSameFile(real(path), real(other));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
        return disk.isHidden(real(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
        return disk.getFileStore(real(path));
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        disk.checkAccess(real(path), modes);
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        return disk.getFileAttributeView(real(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        return disk.readAttributes(real(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String names, LinkOption... options) throws IOException {
        return disk.readAttributes(real(path), names, options);
    }

    @Override
    public void setAttribute(Path path, String name, Object value, LinkOption... options) throws IOException {
        disk.setAttribute(real(path), name, value, options);
    }
}
